#pragma once

#include "server/message.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace gensetd::server {

// The header fields of a WebSocket upgrade that RFC 6455, section 4.2.1, has rules for. A missing field is
// empty.
struct Handshake {
  std::string_view host;
  std::string_view version;   // Sec-WebSocket-Version
  std::string_view key;       // Sec-WebSocket-Key
  std::size_t key_count = 1;  // of Sec-WebSocket-Key fields
};

// The response to an upgrade that cannot be accepted: 400, or 426 with the supported version. Empty: it can
// be accepted.
std::optional<HttpResponse> handshake_refusal(const Handshake& handshake);

}  // namespace gensetd::server
