#pragma once

#include "http/message.hpp"

#include <cstddef>
#include <string_view>
#include <variant>

namespace gensetd::http {

// What of a request says where it goes: request line and Host header.
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
  std::string_view host;   // the authority that the client means; empty when it names none
};

// The target in origin-form, absolute-form or asterisk-form (RFC 9112, 3.2), or the answer that refuses it.
// In absolute-form the authority of the target counts and the Host header does not (RFC 9112, 3.2.2): the
// rules for host names apply to what this returns.
std::variant<RequestTarget, Answer> read_target(const TargetLine& line);

// Whether `text` is a host name or address with an optional port: "localhost", "[::1]:8010".
bool is_authority(std::string_view text);

}  // namespace gensetd::http
