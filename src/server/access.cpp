#include "server/access.hpp"

#include "text/list.hpp"

#include <algorithm>

namespace gensetd::server {
namespace {

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t index = 0; index < given.size(); ++index) {
    const char right = secret[index % secret.size()];
    difference |= static_cast<unsigned char>(given[index] ^ right);
  }
  return difference == 0;
}

// RFC 4648, section 5, without padding.
std::string base64url(std::string_view text) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string encoded;
  unsigned bits = 0;
  unsigned bit_count = 0;
  for (const char character : text) {
    bits = (bits << 8) | static_cast<unsigned char>(character);
    for (bit_count += 8; bit_count >= 6; bit_count -= 6) encoded += digits[(bits >> (bit_count - 6)) & 63];
  }
  if (bit_count > 0) encoded += digits[(bits << (6 - bit_count)) & 63];
  return encoded;
}

bool is_same_origin(const HttpRequest& request) {
  std::string_view origin = request.origin;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme))
      return !request.host.empty() && origin.substr(scheme.size()) == request.host;
  }
  return false;
}

bool carries(const HttpRequest& request, std::string_view token) {
  constexpr std::string_view bearer = "Bearer ";
  if (request.authorization.starts_with(bearer) &&
      equal_in_constant_time(request.authorization.substr(bearer.size()), token)) {
    return true;
  }
  const std::string expected = base64url(token);
  return std::ranges::any_of(text::split_list(request.subprotocols), [&](std::string_view entry) {
    entry = text::trimmed(entry);
    return entry.starts_with(token_subprotocol_prefix) &&
           equal_in_constant_time(entry.substr(token_subprotocol_prefix.size()), expected);
  });
}

}  // namespace

bool offers_subprotocol(std::string_view list, std::string_view wanted) {
  return std::ranges::any_of(text::split_list(list),
                             [&](std::string_view entry) { return text::trimmed(entry) == wanted; });
}

Role AccessPolicy::role_of(const HttpRequest& request) const {
  if (api_token.empty() || carries(request, api_token)) return Role::administrator;
  return !read_token.empty() && carries(request, read_token) ? Role::reader : Role::none;
}

bool AccessPolicy::is_host_trusted(const HttpRequest& request) const {
  return !api_token.empty() || request.host.empty() || own_names.contains(request.host);
}

bool AccessPolicy::is_origin_allowed(const HttpRequest& request) const {
  return request.origin.empty() || is_same_origin(request) || is_allowed_cross_origin(request);
}

bool AccessPolicy::is_allowed_cross_origin(const HttpRequest& request) const {
  return std::ranges::find(allowed_origins, request.origin) != allowed_origins.end();
}

}  // namespace gensetd::server
