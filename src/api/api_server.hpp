#pragma once

#include "api/api_services.hpp"
#include "server/server_limits.hpp"
#include "server/tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gensetd::api {

struct ApiOptions {
  std::string address = "127.0.0.1";         // IPv4 or IPv6 literal
  std::uint16_t port = 8010;                 // 0: any free port
  std::string api_token;                     // empty: no token is needed
  std::string read_token;                    // empty: there is none
  std::vector<std::string> allowed_origins;  // in addition to the page's own origin
  server::TlsFiles tls;
  server::ServerLimits limits;
  std::filesystem::path web_dir;  // directory of the dashboard; empty: the built-in one
};

// The HTTP server with REST, WebSocket and the page, on one io_context and its thread.
// Use: construct (binds and listens; throws std::runtime_error with one line), start(); stop() at the end.
class ApiServer {
 public:
  ApiServer(boost::asio::io_context& context, const ApiOptions& options, ApiServices services);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  void start();
  std::uint16_t port() const;   // the bound port
  std::string problem() const;  // why connections cannot be accepted; empty: they can

  // Reads the TLS files again, for new connections. Throws std::runtime_error with one line; the previous
  // certificate then stays in use.
  void reload_tls();

  // Closes the listener, closes WebSockets with 'going away', and ends sessions after their current response.
  // Returns when all connections have ended or after `timeout`; it then closes the rest.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds timeout);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gensetd::api
