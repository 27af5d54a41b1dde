#pragma once

#include "profile/number_keys.hpp"
#include "profile/value.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace gensetd::profile {

// How a number that decode16() and decode32() do not know becomes a value: everything that format 2 can
// state, prepared for calculation. decode_number() applies the members in their order.
struct NumberFormat {
  enum class Kind : std::uint8_t { whole, signed_whole, decimal_digits, float32, float64 };

  // From registers to raw bits.
  Kind kind = Kind::whole;
  std::uint16_t registers = 1;  // 1, 2 or 4
  WordOrder word_order = WordOrder::low_first;
  ByteOrder byte_order = ByteOrder::big;
  unsigned shift = 0;
  unsigned bits = 16;  // how many bits are left of the shifted ones

  // Raw bits that mean 'no data'.
  std::vector<RawRange> no_data;

  // Limits of the count; of floats after the scale.
  std::int64_t count_min = std::numeric_limits<std::int64_t>::min();
  std::int64_t count_max = std::numeric_limits<std::int64_t>::max();

  // From the count to the value: (count * multiplier + addend) / divisor, in units of 10^-decimals.
  bool is_scaled = false;
  Int128 multiplier = 1;
  Int128 addend = 0;
  Int128 divisor = 1;  // positive

  // The same for floats that are scaled; without a scale they are multiplied by `multiplier`.
  double float_multiplier = 1;
  double float_addend = 0;
};

// Sets the scale: value = raw * scale + offset in units of 10^-decimals. Without a scale the raw count has
// these units already.
void set_scale(NumberFormat& format, const std::optional<Fraction>& scale,
               const std::optional<Fraction>& offset, unsigned decimals);

// `registers` begins with those of the number, in wire format.
Value decode_number(const NumberFormat& format, std::span<const std::uint8_t> registers);

}  // namespace gensetd::profile
