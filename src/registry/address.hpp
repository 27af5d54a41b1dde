#pragma once

#include <string_view>

namespace gensetd::registry {

// Whether `text` can be a device's ip_address: an IPv4 address (four decimal parts without leading zeros), an
// IPv6 address (no brackets, no zone), or a host name (RFC 1123; '_' is accepted too, container networks use
// it). Anything that the resolver would take for a number in disguise ("10.1", "0x7f.1") is none.
bool is_address(std::string_view text);

}  // namespace gensetd::registry
