#pragma once

#include "server/message.hpp"
#include "server/own_host_names.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::server {

// The WebSocket subprotocol of gensetd, and the prefix of the subprotocol that carries a token as base64url
// without padding. Browsers cannot set headers on a WebSocket, and a token in a URL would appear in logs.
inline constexpr std::string_view subprotocol = "gensetd";
inline constexpr std::string_view token_subprotocol_prefix = "gensetd.token.";

// The permissions of a request. Each role includes those before it.
enum class Role : std::uint8_t { none, reader, administrator };

// Which clients may do what, by token, Host header and Origin header.
struct AccessPolicy {
  std::string api_token;                     // makes an administrator; empty: every client is one
  std::string read_token;                    // makes a reader; empty: no reader role
  std::vector<std::string> allowed_origins;  // in addition to the page's own origin
  OwnHostNames own_names;                    // accepted in the Host header when there is no API token

  // By the token in the request. Tokens are compared in constant time.
  Role role_of(const HttpRequest& request) const;

  // The setting that made a request an administrator's, for logs.
  std::string_view administrator_name() const { return api_token.empty() ? "anonymous" : "API_TOKEN"; }

  // Whether the Host header proves that the request does not come from a page of another site (DNS
  // rebinding). With an API token no such proof is needed, because such a page does not know the token. A
  // request without Host does not come from a browser.
  bool is_host_trusted(const HttpRequest& request) const;

  // Whether a page of request.origin may send this request. A request without Origin is not a page's.
  bool is_origin_allowed(const HttpRequest& request) const;
  bool is_allowed_cross_origin(const HttpRequest& request) const;  // the response needs CORS headers
};

// Whether the list in a Sec-WebSocket-Protocol header contains `wanted`.
bool offers_subprotocol(std::string_view list, std::string_view wanted);

}  // namespace gensetd::server
