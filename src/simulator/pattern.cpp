#include "simulator/pattern.hpp"

#include "profile/words.hpp"

namespace gensetd::simulator {
namespace {

constexpr std::chrono::milliseconds pattern_tick{100};

// Multiplying by an odd factor permutes the 256 addresses; multiplying by its inverse restores them.
constexpr unsigned address_factor = 167;
constexpr unsigned address_factor_inverse = 23;
static_assert(address_factor * address_factor_inverse % 256 == 1);

}  // namespace

std::uint16_t pattern_value(modbus::TableAddress place, std::uint8_t unit_id, UnixTime time) {
  const auto tenths = static_cast<std::uint64_t>(time / pattern_tick);
  // Tables whose functions differ in the lowest bit are half of the addresses apart.
  const unsigned address = place.address + (modbus::code_of(place.function) % 2U == 0 ? 128U : 0U);
  const unsigned of_address = address * address_factor % 256U;
  if (modbus::reads_bits(place.function))
    return static_cast<std::uint16_t>((of_address >> 7U ^ unit_id ^ tenths) & 1U);
  return static_cast<std::uint16_t>((unit_id % 4U) << 14 | of_address << 6 | tenths % 64U);
}

PatternOrigin pattern_origin(std::uint16_t value) {
  return {.unit_id = static_cast<std::uint8_t>(value >> 14),
          .address = static_cast<std::uint8_t>((value >> 6 & 0xFFU) * address_factor_inverse % 256U),
          .tenths = static_cast<std::uint8_t>(value & 0x3F)};
}

void write_pattern(RegisterBank& bank, std::uint8_t unit_id, UnixTime time) {
  for (const auto& [word, table] : profile::table_words) {
    for (std::uint32_t index = 0; index < bank.size(table); ++index) {
      const auto address = static_cast<std::uint16_t>(index);
      const std::uint16_t value = pattern_value({table, address}, unit_id, time);
      bank.put({table, address}, modbus::reads_bits(table) ? value & 1U : value);
    }
  }
}

}  // namespace gensetd::simulator
