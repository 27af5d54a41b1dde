#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gensetd::http {

// What a client may take of the server. Beyond it there is an answer: 408, 413, 429, 431, 503, or a WebSocket
// close with 1009.
struct Limits {
  std::uint32_t header_bytes = 16'384;
  std::size_t body_bytes = 65'536;
  std::chrono::milliseconds request_within{10'000};  // all of it, from its first byte
  std::size_t requests_per_connection = 1'000;       // then it is closed: connections are spread anew
  std::size_t connections = 1'024;                   // in all, with the WebSockets
  std::size_t connections_per_address = 64;          // 127.0.0.1 and ::1, where proxies live, have no limit
  std::size_t websockets = 512;
  std::size_t websocket_message_bytes = 4'096;  // that a client sends
  bool websocket_compression = true;            // of dashboards that offer it
};

}  // namespace gensetd::http
