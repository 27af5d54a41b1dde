#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::text {

// "host:port"; an IPv6 address is put in brackets, as in a URL.
std::string print_host_port(std::string_view host, std::uint16_t port);

// A decimal port from 1 to 65535; empty for any other text. Do not use boost::urls::url_view::port_number():
// in Boost 1.81 it takes larger numbers modulo 65536.
std::optional<std::uint16_t> parse_port(std::string_view text);

}  // namespace gensetd::text
