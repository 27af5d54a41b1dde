#include "http/server.hpp"

#include "http/beast.hpp"
#include "http/session.hpp"
#include "http/ui_version.hpp"
#include "log/log.hpp"
#include "supervision/repeater.hpp"
#include "supervision/tasks.hpp"

#include <boost/asio/ip/host_name.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace gensetd::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::seconds check_every{1};
constexpr std::chrono::milliseconds pause_after_failure{100};  // when the system has no file descriptor left
// One that accepts again for so long has recovered.
constexpr std::chrono::seconds recovered_after{10};

tcp::acceptor listen_on(asio::io_context& context, const Options& options) {
  const tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
  try {
    return tcp::acceptor(context, endpoint, true);
  } catch (const boost::system::system_error& error) {
    const bool taken = error.code() == asio::error::address_in_use;
    throw std::runtime_error(fmt::format(
        "HTTP_LISTEN {}: {}", shown(endpoint),
        taken ? "another program listens there; stop it or choose another port" : error.code().message()));
  }
}

// Without a name of the machine, which hardly happens, the others do.
std::string machine_name() {
  boost::system::error_code unknown;
  return asio::ip::host_name(unknown);
}

Access access_of(const Options& options) {
  return {.api_token = options.api_token,
          .read_token = options.read_token,
          .allowed_origins = options.allowed_origins,
          .own_names = OwnNames(machine_name(), options.allowed_origins)};
}

}  // namespace

std::shared_ptr<DashboardSource> dashboard_source(const Services& services) {
  const auto is_known = [&hub = services.hub, &registry = services.registry](std::int64_t device_id) {
    return registry.directory().devices.contains(device_id) || hub.newest(device_id) != nullptr;
  };
  return std::shared_ptr<DashboardSource>(
      new DashboardSource{.hub = services.hub,
                          .notices = services.notices,
                          .is_known = is_known,
                          .alarms_behind =
                              [&events = services.events](const std::optional<events::AlarmPlace>& place) {
                                return events.open_alarms(place);
                              },
                          .epoch = services.epoch,
                          .ui_version = ui_version(),
                          .poll_interval = services.poll_interval});
}

class Server::Implementation : public std::enable_shared_from_this<Implementation> {
 public:
  Implementation(asio::io_context& context, const Options& options, Services services)
      : context_(context),
        tls_files_(options.tls),
        acceptor_(listen_on(context, options)),
        pause_(context),
        checks_(context.get_executor(), supervision::Task::health_checks),
        shared_(std::make_shared<Shared>(context, options.limits, std::move(services), access_of(options),
                                         options.web_dir, load_tls(tls_files_))) {
    shared_->dashboards = dashboard_source(shared_->api.services());
  }

  void start() {
    supervision::spawn_loop(context_.get_executor(), supervision::Task::http_accept, {},
                            [self = shared_from_this()] { return self->accept(); });
    checks_.start(check_every, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self) self->check();
    });
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void reload_tls() { shared_->tls = load_tls(tls_files_); }

  std::string problem() const {
    return failure_.empty() ? std::string{} : "connections cannot be accepted: " + failure_;
  }

  asio::awaitable<void> stop(std::chrono::milliseconds within) {
    close();
    shared_->connections.finish_all();
    auto& ended = shared_->connections.ended();
    if (!shared_->connections.empty()) {
      ended.expires_after(within);
      [[maybe_unused]] const auto [woken] = co_await ended.async_wait(use_tuple);
    }
    shared_->connections.abort_all();
  }

  void abort() {
    close();
    shared_->connections.abort_all();
  }

 private:
  void close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    checks_.stop();
  }

  asio::awaitable<void> accept() {
    while (acceptor_.is_open()) {
      auto [failed, socket] = co_await acceptor_.async_accept(use_tuple);
      if (failed == asio::error::operation_aborted) co_return;
      if (failed) {
        note_failure(failed);
        pause_.expires_after(pause_after_failure);
        [[maybe_unused]] const auto [woken] = co_await pause_.async_wait(use_tuple);
        continue;
      }
      const auto peer = socket.remote_endpoint(failed);
      if (failed) continue;
      const Room room = shared_->connections.room(peer.address());
      if (room != Room::free && !shared_->connections.has_room_for_refusal()) continue;  // closes it
      supervision::spawn(context_, supervision::Task::http_connection,
                         run_session(std::move(socket), shared_, room));
    }
  }

  // A shortage is one line at its start and one at its end.
  void note_failure(boost::system::error_code failed) {
    failed_at_ = std::chrono::steady_clock::now();
    if (!failure_.empty()) return;
    failure_ = failed.message();
    log::warning("http_accept_failed")
        .field("error", failure_)
        .say("http: cannot accept connections ({}); it tries again ten times a second", failure_);
  }

  void check() {
    const auto now = std::chrono::steady_clock::now();
    shared_->connections.check_all(now);
    if (failure_.empty() || now - failed_at_ < recovered_after) return;
    failure_.clear();
    log::info("http_accepts").say("http: accepts connections again");
  }

  asio::io_context& context_;
  const TlsFiles tls_files_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  supervision::Repeater checks_;
  std::shared_ptr<Shared> shared_;
  std::string failure_;                                // why connections cannot be accepted; empty: they are
  std::chrono::steady_clock::time_point failed_at_{};  // last
};

Server::Server(asio::io_context& context, const Options& options, Services services)
    : implementation_(std::make_shared<Implementation>(context, options, std::move(services))) {}

Server::~Server() { implementation_->abort(); }

void Server::start() { implementation_->start(); }

std::uint16_t Server::port() const { return implementation_->port(); }

std::string Server::problem() const { return implementation_->problem(); }

void Server::reload_tls() { implementation_->reload_tls(); }

asio::awaitable<void> Server::stop(std::chrono::milliseconds within) { return implementation_->stop(within); }

}  // namespace gensetd::http
