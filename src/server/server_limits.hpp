#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gensetd::server {

// The resources that clients may use. The response beyond a limit is 408, 413, 429, 431 or 503, or a
// WebSocket close with code 1009.
struct ServerLimits {
  std::uint32_t header_bytes = 16'384;
  std::size_t body_bytes = 65'536;
  std::chrono::milliseconds request_timeout{10'000};  // from the first byte of a request to its last
  std::size_t requests_per_connection = 1'000;  // then it is closed, so that proxies rebalance connections
  std::size_t connections = 1'024;              // in total, including WebSockets
  std::size_t connections_per_address = 64;     // no limit for 127.0.0.1 and ::1, which proxies use
  std::size_t websockets = 512;
  std::size_t websocket_message_bytes = 4'096;  // received from a client
  bool websocket_compression = true;            // for dashboards that offer it
};

}  // namespace gensetd::server
