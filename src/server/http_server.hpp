#pragma once

#include "server/http_metrics.hpp"
#include "server/request_handler.hpp"
#include "server/server_limits.hpp"
#include "server/tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gensetd::server {

struct ListenOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6 literal
  std::uint16_t port = 8010;          // 0: any free port
  TlsFiles tls;
  ServerLimits limits;
};

// Accepts connections and serves a RequestHandler on them, on one io_context and its thread.
// Use: construct (binds, listens and loads the TLS files; throws std::runtime_error with one line), start();
// stop() at the end.
class HttpServer {
 public:
  // open_max: how many connections the process can have open at the moment, in addition to the limits; may be
  // empty.
  HttpServer(boost::asio::io_context& context, const ListenOptions& options,
             std::function<std::size_t()> open_max);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Before start().
  void serve(std::shared_ptr<RequestHandler> handler);

  void start();
  std::uint16_t port() const;   // the bound port
  std::string problem() const;  // why connections cannot be accepted; empty: they can

  // Both outlive the handler.
  const Connections& connections() const;
  const HttpMetrics& metrics() const;

  // Reads the TLS files again, for new connections. Throws std::runtime_error with one line; the previous
  // certificate then stays in use.
  void reload_tls();

  // Closes the listener, closes WebSockets with 'going away', and ends sessions after their current response.
  // Returns when all connections have ended or after `timeout`; it then closes the rest.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds timeout);

 private:
  class Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace gensetd::server
