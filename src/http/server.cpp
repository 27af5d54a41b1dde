#include "http/server.hpp"

#include "http/beast.hpp"
#include "http/session.hpp"
#include "http/ui_version.hpp"
#include "log/log.hpp"

#include <boost/asio/ip/host_name.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace gensetd::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::seconds check_every{1};
constexpr std::chrono::milliseconds pause_after_refusal{100};  // when the system has no file descriptor left

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
                          .active_alarms = [&events = services.events] { return events.open_alarms(); },
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
        checks_(context),
        shared_(std::make_shared<Shared>(context, options.limits, std::move(services), access_of(options),
                                         options.web_dir, load_tls(tls_files_))) {
    shared_->dashboards = dashboard_source(shared_->api.services());
  }

  void start() {
    auto loop = [self = shared_from_this()] { return self->accept(); };
    asio::co_spawn(context_, loop, asio::detached);
    check_later();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void reload_tls() { shared_->tls = load_tls(tls_files_); }

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
    checks_.cancel();
  }

  asio::awaitable<void> accept() {
    while (acceptor_.is_open()) {
      auto [failed, socket] = co_await acceptor_.async_accept(use_tuple);
      if (failed == asio::error::operation_aborted) co_return;
      if (failed) {
        log::warning("http_accept_failed")
            .field("error", failed.message())
            .say("http: cannot accept a connection: {}", failed.message());
        pause_.expires_after(pause_after_refusal);
        [[maybe_unused]] const auto [woken] = co_await pause_.async_wait(use_tuple);
        continue;
      }
      const auto peer = socket.remote_endpoint(failed);
      if (failed) continue;
      const Room room = shared_->connections.room(peer.address());
      if (room != Room::free && !shared_->connections.has_room_for_refusal()) continue;  // closes it
      asio::co_spawn(context_, run_session(std::move(socket), shared_, room), asio::detached);
    }
  }

  void check_later() {
    checks_.expires_after(check_every);
    checks_.async_wait([weak = weak_from_this()](boost::system::error_code aborted) {
      const auto self = weak.lock();
      if (!self || aborted) return;
      self->shared_->connections.check_all(std::chrono::steady_clock::now());
      self->check_later();
    });
  }

  asio::io_context& context_;
  const TlsFiles tls_files_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  asio::steady_timer checks_;
  std::shared_ptr<Shared> shared_;
};

Server::Server(asio::io_context& context, const Options& options, Services services)
    : implementation_(std::make_shared<Implementation>(context, options, std::move(services))) {}

Server::~Server() { implementation_->abort(); }

void Server::start() { implementation_->start(); }

std::uint16_t Server::port() const { return implementation_->port(); }

void Server::reload_tls() { implementation_->reload_tls(); }

asio::awaitable<void> Server::stop(std::chrono::milliseconds within) { return implementation_->stop(within); }

}  // namespace gensetd::http
