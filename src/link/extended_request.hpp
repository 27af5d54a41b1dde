#pragma once

#include "link/transaction.hpp"

#include <cstdint>

namespace gensetd::link {

// The largest size (ReadRequest::size()) to which `wanted` can be extended within `range` and the limits of
// the protocol; at least that of `wanted`.
std::uint16_t extended_size_max(const modbus::ReadRequest& wanted, const ExtensionRange& range);

// `wanted` extended to `size`, at most extended_size_max(): first behind it, then before it. Bits are
// extended by whole bytes, so the wanted ones begin at a whole byte of the response.
modbus::ReadRequest extended(const modbus::ReadRequest& wanted, const ExtensionRange& range,
                             std::uint16_t size);

}  // namespace gensetd::link
