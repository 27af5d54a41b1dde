#pragma once

#include "modbus/read_request.hpp"

#include <cstdint>
#include <map>

namespace gensetd::modbus {

// Registers as they were received, and bits as 0 or 1.
using RawValues = std::map<TableAddress, std::uint16_t>;

}  // namespace gensetd::modbus
