#include "simulator/pattern.hpp"

namespace gensetd::simulator {
namespace {

constexpr std::chrono::milliseconds tick{100};

// An odd factor makes each of 256 addresses another one, and its inverse makes it the same again.
constexpr unsigned scatter = 167;
constexpr unsigned gather = 23;
static_assert(scatter * gather % 256 == 1);

}  // namespace

std::uint16_t pattern_value(std::uint8_t unit_id, std::uint16_t address, UnixTime time) {
  const auto tenths = static_cast<std::uint64_t>(time / tick);
  return static_cast<std::uint16_t>((unit_id % 4U) << 14 | (address * scatter % 256U) << 6 | tenths % 64U);
}

PatternOrigin pattern_origin(std::uint16_t value) {
  return {.unit_id = static_cast<std::uint8_t>(value >> 14),
          .address = static_cast<std::uint8_t>((value >> 6 & 0xFFU) * gather % 256U),
          .tenths = static_cast<std::uint8_t>(value & 0x3F)};
}

void write_pattern(RegisterBank& bank, std::uint8_t unit_id, UnixTime time) {
  for (std::uint16_t address = 0; address < RegisterBank::size; ++address)
    bank.put(address, pattern_value(unit_id, address, time));
}

}  // namespace gensetd::simulator
