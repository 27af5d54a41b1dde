#include "server/http_server.hpp"

#include "log/log.hpp"
#include "server/beast.hpp"
#include "server/session.hpp"
#include "supervision/repeater.hpp"
#include "supervision/tasks.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace gensetd::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::seconds check_interval{1};
constexpr std::chrono::milliseconds pause_after_failure{100};  // such as no free file descriptor
// After this time without a failure, accepting connections has recovered.
constexpr std::chrono::seconds recovered_after{10};

tcp::acceptor listen_on(asio::io_context& context, const ListenOptions& options) {
  const tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
  try {
    return tcp::acceptor(context, endpoint, true);
  } catch (const boost::system::system_error& error) {
    const bool taken = error.code() == asio::error::address_in_use;
    throw std::runtime_error(fmt::format(
        "HTTP_LISTEN {}: {}", to_text(endpoint),
        taken ? "another program listens there; stop it or choose another port" : error.code().message()));
  }
}

}  // namespace

class HttpServer::Implementation : public std::enable_shared_from_this<Implementation> {
 public:
  Implementation(asio::io_context& context, const ListenOptions& options,
                 std::function<std::size_t()> open_max)
      : io_context_(context),
        tls_files_(options.tls),
        acceptor_(listen_on(context, options)),
        pause_(context),
        checks_(context.get_executor(), supervision::Task::health_checks),
        context_(std::make_shared<ServerContext>(context, options.limits, std::move(open_max),
                                                 load_tls(tls_files_))) {}

  ServerContext& context() { return *context_; }

  void start() {
    supervision::spawn_loop(io_context_.get_executor(), supervision::Task::http_accept, {},
                            [self = shared_from_this()] { return self->accept(); });
    checks_.start(check_interval, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self) self->check();
    });
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void reload_tls() { context_->tls = load_tls(tls_files_); }

  std::string problem() const {
    return failure_.empty() ? std::string{} : "connections cannot be accepted: " + failure_;
  }

  asio::awaitable<void> stop(std::chrono::milliseconds timeout) {
    close();
    context_->connections.finish_all();
    auto& ended = context_->connections.ended();
    if (!context_->connections.empty()) {
      ended.expires_after(timeout);
      [[maybe_unused]] const auto [woken] = co_await ended.async_wait(use_tuple);
    }
    context_->connections.abort_all();
  }

  void abort() {
    close();
    context_->connections.abort_all();
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
      const Admission admission = context_->connections.admission(peer.address());
      if (admission != Admission::accepted && !context_->connections.has_capacity_for_refusal())
        continue;  // closes the socket
      supervision::spawn(io_context_, supervision::Task::http_connection,
                         run_session(std::move(socket), context_, admission));
    }
  }

  // Logs one line when failures start; check() logs one when they have ended.
  void note_failure(boost::system::error_code failed) {
    failed_at_ = std::chrono::steady_clock::now();
    if (!failure_.empty()) return;
    failure_ = failed.message();
    log::warning("http_accept_failed")
        .field("error", failure_)
        .say("http: cannot accept connections ({}); retrying ten times a second", failure_);
  }

  void check() {
    const auto now = std::chrono::steady_clock::now();
    context_->connections.check_all(now);
    if (failure_.empty() || now - failed_at_ < recovered_after) return;
    failure_.clear();
    log::info("http_accepts").say("http: accepting connections again");
  }

  asio::io_context& io_context_;
  const TlsFiles tls_files_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  supervision::Repeater checks_;
  std::shared_ptr<ServerContext> context_;
  std::string failure_;                                // why connections cannot be accepted; empty: they can
  std::chrono::steady_clock::time_point failed_at_{};  // the last failure
};

HttpServer::HttpServer(asio::io_context& context, const ListenOptions& options,
                       std::function<std::size_t()> open_max)
    : implementation_(std::make_shared<Implementation>(context, options, std::move(open_max))) {}

HttpServer::~HttpServer() { implementation_->abort(); }

void HttpServer::serve(std::shared_ptr<RequestHandler> handler) {
  implementation_->context().handler = std::move(handler);
}

void HttpServer::start() { implementation_->start(); }

std::uint16_t HttpServer::port() const { return implementation_->port(); }

std::string HttpServer::problem() const { return implementation_->problem(); }

const Connections& HttpServer::connections() const { return implementation_->context().connections; }

const HttpMetrics& HttpServer::metrics() const { return implementation_->context().metrics; }

void HttpServer::reload_tls() { implementation_->reload_tls(); }

asio::awaitable<void> HttpServer::stop(std::chrono::milliseconds timeout) {
  return implementation_->stop(timeout);
}

}  // namespace gensetd::server
