#pragma once

#include "http/message.hpp"
#include "http/own_names.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::http {

// The WebSocket subprotocol of gensetd, and the prefix of the one that carries a token, base64url without
// padding: a browser cannot set headers on a WebSocket, and a token in a URL ends in logs.
inline constexpr std::string_view subprotocol = "gensetd";
inline constexpr std::string_view token_subprotocol_prefix = "gensetd.token.";

// What a request may do, each including the one before.
enum class Role : std::uint8_t { nobody, reader, administrator };

// Who may ask.
struct Access {
  std::string api_token;                     // an administrator's; empty: everybody is one
  std::string read_token;                    // a reader's; empty: there are none
  std::vector<std::string> allowed_origins;  // beside the page's own
  OwnNames own_names;                        // in the Host header of who needs no token

  // By the token that the request carries. The time it takes does not tell how much of a wrong one is right.
  Role role_of(const Request& request) const;

  // The name of the setting that made a request an administrator's, for people.
  std::string_view administrator() const { return api_token.empty() ? "anonymous" : "API_TOKEN"; }

  // Whether the Host header is one that no foreign page can have sent. Without a token in the way that is all
  // that tells such a page's requests; where there is a token, the page does not have it. No Host: not a
  // browser.
  bool host_is_trusted(const Request& request) const;

  // Whether a browser's page at request.origin may do this. No origin: not a browser.
  bool origin_is_allowed(const Request& request) const;
  bool origin_is_foreign_but_allowed(const Request& request) const;  // needs CORS headers
};

// Whether the list of a Sec-WebSocket-Protocol header holds `wanted`.
bool offers_subprotocol(std::string_view list, std::string_view wanted);

}  // namespace gensetd::http
