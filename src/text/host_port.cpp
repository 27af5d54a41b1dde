#include "text/host_port.hpp"

#include "text/number.hpp"

#include <fmt/format.h>

namespace gensetd::text {

std::string print_host_port(std::string_view host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  return parse_number<std::uint16_t>(text, 1, 65'535);
}

}  // namespace gensetd::text
