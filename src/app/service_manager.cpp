#include "app/service_manager.hpp"

#include "log/log.hpp"
#include "supervision/tasks.hpp"
#include "text/number.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace gensetd::app {
namespace {

namespace asio = boost::asio;
using datagram = asio::local::datagram_protocol;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// Fed so often in its time: one that is left out must not look like the end.
constexpr int feeds_per_watchdog = 4;

// sockaddr_un(7) with its final zero; a longer path cannot be addressed.
constexpr std::size_t socket_path_bytes_max = 107;

std::string_view text_or_empty(const char* text) { return text == nullptr ? std::string_view{} : text; }

std::string socket_of(std::string_view text) {
  // What is neither a path nor an abstract name (a vsock address of a virtual machine) is not spoken here.
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
                               std::function<bool()> works)
    : context_(context), environment_(std::move(environment)), works_(std::move(works)), socket_(context) {
  if (environment_.socket.empty()) return;
  boost::system::error_code failed;
  socket_.open(datagram{}, failed);
  if (!failed) socket_.non_blocking(true, failed);
  if (!failed) return;
  log::warning("service_manager_not_told")
      .field("error", failed.message())
      .say("the service manager cannot be told anything: {}", failed.message());
}

void ServiceManager::ready(std::string_view status) {
  if (!socket_.is_open()) return;
  tell(fmt::format("READY=1\nSTATUS={}", status));
  if (!environment_.watchdog) return;
  supervision::spawn_loop(
      context_.get_executor(), supervision::Task::service_manager, {},
      [this, interval = *environment_.watchdog / feeds_per_watchdog] { return feed_watchdog(interval); });
}

void ServiceManager::stopping() { tell("STOPPING=1\nSTATUS=stopping"); }

asio::awaitable<void> ServiceManager::feed_watchdog(std::chrono::microseconds interval) {
  asio::steady_timer timer(context_);
  for (;;) {
    if (works_()) tell("WATCHDOG=1");
    timer.expires_after(interval);
    const auto [failed] = co_await timer.async_wait(use_tuple);
    if (failed) co_return;
  }
}

void ServiceManager::tell(std::string_view message) {
  if (!socket_.is_open()) return;
  boost::system::error_code failed;
  socket_.send_to(asio::buffer(message), datagram::endpoint(environment_.socket), 0, failed);
  // A manager that is busy is told again at the next turn of the watchdog.
  if (!failed || failed == asio::error::would_block || std::exchange(said_failure_, true)) return;
  log::warning("service_manager_not_told")
      .field("error", failed.message())
      .say("the service manager was not told '{}': {}", message.substr(0, message.find('\n')),
           failed.message());
}

}  // namespace gensetd::app
