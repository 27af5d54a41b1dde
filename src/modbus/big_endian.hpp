#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gensetd::modbus {

// The 16-bit number at `offset`, high byte first (V1.1b3, 4.2).
inline std::uint16_t number_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
  return static_cast<std::uint16_t>((bytes[offset] << 8) | bytes[offset + 1]);
}

constexpr std::uint8_t high_byte(std::uint16_t number) { return static_cast<std::uint8_t>(number >> 8); }
constexpr std::uint8_t low_byte(std::uint16_t number) { return static_cast<std::uint8_t>(number & 0xFF); }

}  // namespace gensetd::modbus
