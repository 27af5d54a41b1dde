#pragma once

#include "server/message.hpp"

#include <cstddef>
#include <string_view>
#include <variant>

namespace gensetd::server {

// The parts of a request that name its target: request line and Host header.
struct TargetLine {
  std::string_view target;  // "/api/sites?x=1", "http://localhost:8010/api/sites" or "*"
  bool is_options = false;
  bool is_http_1_1 = true;
  std::string_view host;       // the first Host header
  std::size_t host_count = 1;  // of Host headers
};

struct RequestTarget {
  std::string_view path;   // "/api/sites"; "*" for OPTIONS of the whole server
  std::string_view query;  // without '?'
  std::string_view host;   // the requested authority; empty: none
};

// Parses a target in origin-form, absolute-form or asterisk-form (RFC 9112, section 3.2); or returns the
// response that refuses it. In absolute-form the authority in the target replaces the Host header (section
// 3.2.2), so checks of the host must use the returned one.
std::variant<RequestTarget, HttpResponse> read_target(const TargetLine& line);

// Whether `text` is a host name or address with an optional port: "localhost", "[::1]:8010".
bool is_authority(std::string_view text);

}  // namespace gensetd::server
