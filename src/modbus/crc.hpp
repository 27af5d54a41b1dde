#pragma once

#include <cstdint>
#include <span>

namespace gensetd::modbus {

// CRC-16/Modbus (reflected polynomial 0xA001, initial value 0xFFFF; serial line guide V1.02, 6.2.2). It is
// sent low byte first, so the CRC over a complete valid frame, including its CRC, is 0.
std::uint16_t crc16(std::span<const std::uint8_t> bytes);

}  // namespace gensetd::modbus
