#pragma once

#include "server/message.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <variant>

namespace gensetd::server {

struct Upgrade;  // upgrade.hpp

// Runs a WebSocket from its handshake until either side ends it.
using WebSocketTask = std::function<boost::asio::awaitable<void>(std::unique_ptr<Upgrade> upgrade)>;

// What a server serves. The sessions call it on their thread.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  // The response to a request that is no upgrade. `request` is valid until the result is there. Never throws
  // because of the content of a request.
  virtual boost::asio::awaitable<HttpResponse> respond(const HttpRequest& request) = 0;

  // The largest body that a request may have; `usual` is the limit of the server.
  virtual std::size_t body_bytes_max(Method, std::string_view /*path*/, std::size_t usual) const {
    return usual;
  }

  // Checks path, permissions and parameters of a WebSocket upgrade. Returns the task that serves it, or the
  // response that refuses it.
  virtual std::variant<WebSocketTask, HttpResponse> authorize_upgrade(const HttpRequest& request) = 0;
};

}  // namespace gensetd::server
