#include "server/handshake.hpp"

#include <algorithm>

namespace gensetd::server {
namespace {

constexpr std::string_view version_supported = "13";

bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

// 16 bytes in base64 (RFC 6455, section 4.1): 22 characters and the padding.
bool is_key(std::string_view text) {
  return text.size() == 24 && text.ends_with("==") && std::ranges::all_of(text.substr(0, 22), is_base64);
}

}  // namespace

std::optional<HttpResponse> handshake_refusal(const Handshake& handshake) {
  if (handshake.host.empty())
    return error_response(400, "bad_handshake", "a WebSocket upgrade needs a Host header");
  if (handshake.version != version_supported) {
    HttpResponse response = error_response(
        426, "upgrade_required", "only WebSocket version 13 is supported; send Sec-WebSocket-Version: 13");
    response.headers.emplace_back("Sec-WebSocket-Version", version_supported);
    response.headers.emplace_back("Upgrade", "websocket");
    response.headers.emplace_back("Connection", "Upgrade");
    return response;
  }
  if (handshake.key_count != 1 || !is_key(handshake.key))
    return error_response(400, "bad_handshake",
                          "a WebSocket upgrade needs one Sec-WebSocket-Key of 16 bytes in base64");
  return std::nullopt;
}

}  // namespace gensetd::server
