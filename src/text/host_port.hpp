#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::text {

// "host:port" as people and URLs have it; an IPv6 address in brackets.
std::string print_host_port(std::string_view host, std::uint16_t port);

// A decimal port from 1 to 65535, and nothing else. boost::urls::url_view::port_number() of Boost 1.81 takes
// larger numbers modulo 65536.
std::optional<std::uint16_t> parse_port(std::string_view text);

}  // namespace gensetd::text
