#include "daemon/service_manager.hpp"

#include "log/log.hpp"
#include "supervision/tasks.hpp"
#include "supervision/use_tuple.hpp"
#include "text/number.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace gensetd::daemon {
namespace {

namespace asio = boost::asio;
using datagram = asio::local::datagram_protocol;
using supervision::use_tuple;

// Notifications per watchdog interval, so that a missed one does not end the service.
constexpr int notifications_per_watchdog = 4;

// Limit of a path in sockaddr_un without its final zero (unix(7)).
constexpr std::size_t socket_path_bytes_max = 107;

std::string_view text_or_empty(const char* text) { return text == nullptr ? std::string_view{} : text; }

std::string socket_of(std::string_view text) {
  // Other addresses, such as vsock of virtual machines, are not supported.
  if (text.size() < 2 || text.size() > socket_path_bytes_max) return {};
  if (text.front() != '/' && text.front() != '@') return {};
  std::string socket{text};
  if (socket.front() == '@') socket.front() = '\0';
  return socket;
}

}  // namespace

ServiceEnvironment service_environment(const char* notify_socket, const char* watchdog_usec,
                                       const char* watchdog_pid, long own_pid) {
  ServiceEnvironment environment{.socket = socket_of(text_or_empty(notify_socket)), .watchdog = {}};
  const std::string_view pid = text_or_empty(watchdog_pid);
  if (!pid.empty() && text::parse_number<std::int64_t>(pid) != own_pid) return environment;
  const auto watchdog = text::parse_number<std::int64_t>(text_or_empty(watchdog_usec));
  if (watchdog && *watchdog > 0) environment.watchdog = std::chrono::microseconds{*watchdog};
  return environment;
}

ServiceManager::ServiceManager(asio::io_context& context, ServiceEnvironment environment,
                               std::function<bool()> is_healthy)
    : context_(context),
      environment_(std::move(environment)),
      is_healthy_(std::move(is_healthy)),
      socket_(context) {
  if (environment_.socket.empty()) return;
  boost::system::error_code failed;
  socket_.open(datagram{}, failed);
  if (!failed) socket_.non_blocking(true, failed);
  if (!failed) return;
  log::warning("service_manager_not_told")
      .field("error", failed.message())
      .say("cannot notify the service manager: {}", failed.message());
}

void ServiceManager::ready(std::string_view status) {
  if (!socket_.is_open()) return;
  notify(fmt::format("READY=1\nSTATUS={}", status));
  if (!environment_.watchdog) return;
  supervision::spawn_loop(context_.get_executor(), supervision::Task::service_manager, {},
                          [this, interval = *environment_.watchdog / notifications_per_watchdog] {
                            return feed_watchdog(interval);
                          });
}

void ServiceManager::stopping() { notify("STOPPING=1\nSTATUS=stopping"); }

asio::awaitable<void> ServiceManager::feed_watchdog(std::chrono::microseconds interval) {
  asio::steady_timer timer(context_);
  for (;;) {
    if (is_healthy_()) notify("WATCHDOG=1");
    timer.expires_after(interval);
    const auto [failed] = co_await timer.async_wait(use_tuple);
    if (failed) co_return;
  }
}

void ServiceManager::notify(std::string_view message) {
  if (!socket_.is_open()) return;
  boost::system::error_code failed;
  socket_.send_to(asio::buffer(message), datagram::endpoint(environment_.socket), 0, failed);
  // A busy manager is notified again by the next notification of the watchdog.
  if (!failed || failed == asio::error::would_block || std::exchange(failure_logged_, true)) return;
  log::warning("service_manager_not_told")
      .field("error", failed.message())
      .say("could not notify the service manager of '{}': {}", message.substr(0, message.find('\n')),
           failed.message());
}

}  // namespace gensetd::daemon
