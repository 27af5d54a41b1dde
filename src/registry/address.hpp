#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gensetd::registry {

// The normal form of a device's ip_address, so that devices behind one converter share a connection however
// their addresses are written. Empty when `text` is not an address. An address is
//   an IPv4 address: four decimal parts without leading zeros,
//   an IPv6 address without brackets and zone: becomes its canonical form (RFC 5952); an IPv4-mapped address
//   (::ffff:10.0.0.1) becomes the IPv4 address, a host name (RFC 1123, and '_', which container networks
//   use): becomes lower case without a final dot.
// Other numeric forms that getaddrinfo(3) accepts ("10.1", "010.0.0.1", "0x7f.1") are refused: programs
// disagree about their meaning.
std::optional<std::string> normal_address(std::string_view text);

inline bool is_address(std::string_view text) { return normal_address(text).has_value(); }

}  // namespace gensetd::registry
