#include "simulator/pattern.hpp"

namespace gensetd::simulator {
namespace {

constexpr std::chrono::milliseconds pattern_tick{100};

// Multiplying by an odd factor permutes the 256 addresses; multiplying by its inverse restores them.
constexpr unsigned address_factor = 167;
constexpr unsigned address_factor_inverse = 23;
static_assert(address_factor * address_factor_inverse % 256 == 1);

}  // namespace

std::uint16_t pattern_value(std::uint8_t unit_id, std::uint16_t address, UnixTime time) {
  const auto tenths = static_cast<std::uint64_t>(time / pattern_tick);
  return static_cast<std::uint16_t>((unit_id % 4U) << 14 | (address * address_factor % 256U) << 6 |
                                    tenths % 64U);
}

PatternOrigin pattern_origin(std::uint16_t value) {
  return {.unit_id = static_cast<std::uint8_t>(value >> 14),
          .address = static_cast<std::uint8_t>((value >> 6 & 0xFFU) * address_factor_inverse % 256U),
          .tenths = static_cast<std::uint8_t>(value & 0x3F)};
}

void write_pattern(RegisterBank& bank, std::uint8_t unit_id, UnixTime time) {
  for (std::uint16_t address = 0; address < RegisterBank::size; ++address)
    bank.put(address, pattern_value(unit_id, address, time));
}

}  // namespace gensetd::simulator
