#pragma once

#include "http/message.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace gensetd::http {

// The headers of an upgrade that RFC 6455, 4.2.1, has rules for; a header that is not there is empty.
struct Handshake {
  std::string_view host;
  std::string_view version;   // Sec-WebSocket-Version
  std::string_view key;       // Sec-WebSocket-Key
  std::size_t key_count = 1;  // how often it was sent
};

// Why it cannot be answered with 101: 400, or 426 with the version that is spoken here.
std::optional<Answer> refuse_handshake(const Handshake& handshake);

}  // namespace gensetd::http
