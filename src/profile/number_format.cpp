#include "profile/number_format.hpp"

#include "modbus/big_endian.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace gensetd::profile {
namespace {

constexpr Int128 int64_lowest = std::numeric_limits<std::int64_t>::min();
constexpr Int128 int64_highest = std::numeric_limits<std::int64_t>::max();
constexpr double two_to_63 = 9'223'372'036'854'775'808.0;

std::int64_t power_of_ten(unsigned exponent) {
  std::int64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

Int128 common_divisor(Int128 a, Int128 b) {
  if (a < 0) a = -a;
  if (b < 0) b = -b;
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

std::uint64_t raw_bits(const NumberFormat& format, std::span<const std::uint8_t> registers) {
  assert(registers.size() >= 2U * format.registers);
  std::uint64_t raw = 0;
  for (std::size_t place = 0; place < format.registers; ++place) {
    const std::size_t index =
        format.word_order == WordOrder::high_first ? place : format.registers - 1U - place;
    std::uint16_t word = modbus::number_at(registers, 2 * index);
    if (format.byte_order == ByteOrder::little)
      word = static_cast<std::uint16_t>((word << 8U) | (word >> 8U));
    raw = (raw << 16U) | word;
  }
  return (raw >> format.shift) & (~std::uint64_t{0} >> (64U - format.bits));
}

bool is_listed(const std::vector<RawRange>& ranges, std::uint64_t raw) {
  return std::ranges::any_of(ranges,
                             [&](const RawRange& range) { return raw >= range.first && raw <= range.last; });
}

Value digits_of(std::uint64_t raw) {
  std::int64_t count = 0;
  for (int position = 60; position >= 0; position -= 4) {
    const auto digit = static_cast<std::int64_t>((raw >> static_cast<unsigned>(position)) & 0xFU);
    if (digit > 9) return std::nullopt;
    count = 10 * count + digit;
  }
  return count;
}

// The whole number before limits and scale.
Value count_of(const NumberFormat& format, std::uint64_t raw) {
  if (format.kind == NumberFormat::Kind::decimal_digits) return digits_of(raw);
  if (format.kind == NumberFormat::Kind::signed_whole) {
    const unsigned unused = 64U - format.bits;
    return static_cast<std::int64_t>(raw << unused) >> unused;
  }
  if (raw > static_cast<std::uint64_t>(int64_highest)) return std::nullopt;
  return static_cast<std::int64_t>(raw);
}

bool is_within(const NumberFormat& format, std::int64_t count) {
  return count >= format.count_min && count <= format.count_max;
}

Value in_64_bits(Int128 value) {
  if (value < int64_lowest || value > int64_highest) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

// Exact. The product overflows 128 bits only if the value overflows 64: the divisor is at most 10^18, and the
// offset adds at most 10^15 to the value.
Value scaled(const NumberFormat& format, std::int64_t count) {
  Int128 sum = 0;
  if (__builtin_mul_overflow(Int128{count}, format.multiplier, &sum)) return std::nullopt;
  if (__builtin_add_overflow(sum, format.addend, &sum)) return std::nullopt;
  Int128 value = sum / format.divisor;
  Int128 rest = sum % format.divisor;
  if (rest < 0) rest = -rest;
  if (rest >= format.divisor - rest) value += sum < 0 ? -1 : 1;  // half away from zero
  return in_64_bits(value);
}

// number * power, rounded half away from zero. Exact: the product in double would itself be rounded, and take
// 0.4999... for a half.
Value product_of(double number, std::int64_t power) {
  constexpr int mantissa_bits = 53;
  constexpr int product_bits = mantissa_bits + 20;  // power is at most 10^6
  int exponent = 0;
  const double fraction = std::frexp(number, &exponent);
  exponent -= mantissa_bits;
  const Int128 product = Int128{static_cast<std::int64_t>(std::ldexp(fraction, mantissa_bits))} * power;
  if (product == 0 || -exponent > product_bits + 1) return 0;
  if (exponent > 64 - mantissa_bits) return std::nullopt;
  if (exponent >= 0) return in_64_bits(product * (Int128{1} << exponent));
  const Int128 half = Int128{1} << (-exponent - 1);
  const Int128 magnitude = ((product < 0 ? -product : product) + half) >> -exponent;
  return in_64_bits(product < 0 ? -magnitude : magnitude);
}

Value value_of_float(const NumberFormat& format, double number) {
  if (!std::isfinite(number)) return std::nullopt;
  Value value;
  if (!format.is_scaled) {
    value = product_of(number, static_cast<std::int64_t>(format.multiplier));
  } else {
    const double sum = std::round(std::fma(number, format.float_multiplier, format.float_addend));
    if (sum >= -two_to_63 && sum < two_to_63) value = static_cast<std::int64_t>(sum);
  }
  return value && is_within(format, *value) ? value : std::nullopt;
}

}  // namespace

void set_scale(NumberFormat& format, const std::optional<Fraction>& scale,
               const std::optional<Fraction>& offset, unsigned decimals) {
  const bool is_float =
      format.kind == NumberFormat::Kind::float32 || format.kind == NumberFormat::Kind::float64;
  format.is_scaled = scale.has_value() || offset.has_value();
  const std::int64_t power = power_of_ten(decimals);
  const Fraction slope = scale.value_or(Fraction{1, is_float ? 1 : power});
  const Fraction shift = offset.value_or(Fraction{0, 1});
  const Int128 common = common_divisor(slope.denominator, shift.denominator);
  format.divisor = slope.denominator / common * shift.denominator;
  format.multiplier = format.divisor / slope.denominator * slope.numerator * power;
  format.addend = format.divisor / shift.denominator * shift.numerator * power;
  const Int128 reduce = common_divisor(common_divisor(format.multiplier, format.addend), format.divisor);
  format.multiplier /= reduce;
  format.addend /= reduce;
  format.divisor /= reduce;
  format.float_multiplier = static_cast<double>(slope.numerator) * static_cast<double>(power) /
                            static_cast<double>(slope.denominator);
  format.float_addend = static_cast<double>(shift.numerator) * static_cast<double>(power) /
                        static_cast<double>(shift.denominator);
}

Value decode_number(const NumberFormat& format, std::span<const std::uint8_t> registers) {
  const std::uint64_t raw = raw_bits(format, registers);
  if (is_listed(format.no_data, raw)) return std::nullopt;
  if (format.kind == NumberFormat::Kind::float32)
    return value_of_float(format, std::bit_cast<float>(static_cast<std::uint32_t>(raw)));
  if (format.kind == NumberFormat::Kind::float64) return value_of_float(format, std::bit_cast<double>(raw));
  const Value count = count_of(format, raw);
  if (!count || !is_within(format, *count)) return std::nullopt;
  return format.is_scaled ? scaled(format, *count) : count;
}

}  // namespace gensetd::profile
