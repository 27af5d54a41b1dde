#pragma once

#include "simulator/register_bank.hpp"

#include <chrono>
#include <cstdint>

// Register values that encode their unit, address and time, so that a test can verify where each value comes
// from.
namespace gensetd::simulator {

// A register's value, from the highest bit: unit id modulo 4 (2 bits), 167 times the address modulo 256 (8
// bits), tenths of a second since 1970 modulo 64 (6 bits). It is unambiguous for a map within 256 registers,
// four consecutive unit ids, and responses less than 6.4 s old. The factor makes neighbouring registers
// differ as much as those of a real map. The address of an input register counts 128 more than that of a
// holding register: two such tables are unambiguous within 128 registers. A bit is a parity of all this.
struct PatternOrigin {
  std::uint8_t unit_id = 0;  // modulo 4
  std::uint8_t address = 0;  // modulo 256
  std::uint8_t tenths = 0;   // modulo 64

  bool operator==(const PatternOrigin&) const = default;
};

using UnixTime = std::chrono::milliseconds;  // since 1970, UTC

std::uint16_t pattern_value(modbus::TableAddress place, std::uint8_t unit_id, UnixTime time);
PatternOrigin pattern_origin(std::uint16_t value);
void write_pattern(RegisterBank& bank, std::uint8_t unit_id, UnixTime time);

}  // namespace gensetd::simulator
