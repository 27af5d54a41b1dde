#include "server/request_target.hpp"

#include <boost/url/grammar/ci_string.hpp>

#include <algorithm>
#include <optional>

namespace gensetd::server {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// In a registered name or an IPv4 address (RFC 3986, section 3.2.2).
bool is_name_character(char c) {
  return is_digit(c) || is_letter(c) ||
         std::string_view{"-._~!$&'()*+,;=%"}.find(c) != std::string_view::npos;
}

bool is_bracketed_character(char c) {
  return is_digit(c) || is_letter(c) || c == ':' || c == '.' || c == '%';
}

HttpResponse bad_target(std::string_view message) { return error_response(400, "bad_target", message); }

HttpResponse bad_host(std::string_view message) { return error_response(400, "bad_host", message); }

// RFC 9112, section 3.2: exactly one valid Host header in HTTP/1.1, at most one in HTTP/1.0. An empty one is
// valid.
std::optional<HttpResponse> refuse_host(const TargetLine& line) {
  if (line.host_count > 1) return bad_host("the request has more than one Host header");
  if (line.host_count == 0 && line.is_http_1_1) return bad_host("an HTTP/1.1 request needs a Host header");
  if (!line.host.empty() && !is_authority(line.host))
    return bad_host("the Host header must be a host name or address with an optional port");
  return std::nullopt;
}

RequestTarget split(std::string_view path_and_query, std::string_view host) {
  const auto question = path_and_query.find('?');
  RequestTarget target{.path = path_and_query.substr(0, question), .query = {}, .host = host};
  if (question != std::string_view::npos) target.query = path_and_query.substr(question + 1);
  return target;
}

// The part after "http://" or "https://"; empty in any other form.
std::optional<std::string_view> after_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() >= scheme.size() &&
        boost::urls::grammar::ci_is_equal(target.substr(0, scheme.size()), scheme))
      return target.substr(scheme.size());
  }
  return std::nullopt;
}

}  // namespace

bool is_authority(std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    if (!std::ranges::all_of(text.substr(1, close - 1), is_bracketed_character)) return false;
    port = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    if (colon == 0 || !std::ranges::all_of(text.substr(0, colon), is_name_character)) return false;
    port = text.substr(colon);
  }
  if (port.empty()) return true;
  return port.front() == ':' && port.size() <= 6 && std::ranges::all_of(port.substr(1), is_digit);
}

std::variant<RequestTarget, HttpResponse> read_target(const TargetLine& line) {
  if (auto refused = refuse_host(line)) return std::move(*refused);
  if (line.target.starts_with('/')) return split(line.target, line.host);
  if (line.target == "*" && line.is_options)
    return RequestTarget{.path = "*", .query = {}, .host = line.host};
  const auto rest = after_scheme(line.target);
  if (!rest)
    return bad_target("the request target must be a path such as /api/sites, or an http:// or https:// URL");
  const auto authority_end = std::min(rest->find_first_of("/?"), rest->size());
  const std::string_view authority = rest->substr(0, authority_end);
  if (!is_authority(authority))
    return bad_target("the request URL must name a host, with an optional port and without a user");
  RequestTarget target = split(rest->substr(authority_end), authority);
  if (target.path.empty()) target.path = line.is_options && target.query.empty() ? "*" : "/";
  return target;
}

}  // namespace gensetd::server
