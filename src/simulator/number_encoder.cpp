#include "simulator/number_encoder.hpp"

#include "modbus/big_endian.hpp"
#include "profile/number_rules.hpp"

#include <boost/locale/encoding_utf.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

namespace gensetd::simulator {
namespace {

using profile::Field;
using profile::NumberFormat;

double of(const std::optional<profile::Fraction>& fraction, double otherwise) {
  return fraction ? static_cast<double>(fraction->numerator) / static_cast<double>(fraction->denominator)
                  : otherwise;
}

// What the controller would have measured: the number before scale and offset.
double unscaled(const Field& field, double value) {
  if (!field.keys.scale && !field.keys.offset) return value;
  return (value - of(field.keys.offset, 0)) / of(field.keys.scale, 1);
}

std::uint64_t digits_of(std::uint64_t count) {
  std::uint64_t digits = 0;
  for (unsigned shift = 0; shift < 64 && count != 0; shift += 4, count /= 10) digits |= (count % 10) << shift;
  return digits;
}

// The largest raw value up to `raw` that is a value.
std::uint64_t with_data(const NumberFormat& number, std::uint64_t raw) {
  for (auto range = number.no_data.rbegin(); range != number.no_data.rend(); ++range) {
    if (raw >= range->first && raw <= range->last && range->first > 0) raw = range->first - 1;
  }
  return raw;
}

std::uint64_t raw_of_count(const Field& field, double value) {
  const NumberFormat& number = *field.number;
  const bool is_scaled = field.keys.scale || field.keys.offset;
  const auto [low, high] = profile::value_range(field);
  const double least = static_cast<double>(std::max(low, number.count_min));
  const double most = static_cast<double>(std::min(high, number.count_max));
  const double exact = is_scaled ? unscaled(field, value) : value * std::pow(10.0, field.decimals);
  const auto count = static_cast<std::int64_t>(std::clamp(std::round(exact), least, most));
  if (number.kind == NumberFormat::Kind::decimal_digits) return digits_of(static_cast<std::uint64_t>(count));
  return with_data(number, static_cast<std::uint64_t>(count));
}

std::uint64_t raw_of(const Field& field, double value) {
  const NumberFormat& number = *field.number;
  if (number.kind == NumberFormat::Kind::float32) {
    return std::bit_cast<std::uint32_t>(
        static_cast<float>(std::isnan(value) ? value : unscaled(field, value)));
  }
  if (number.kind == NumberFormat::Kind::float64)
    return std::bit_cast<std::uint64_t>(std::isnan(value) ? value : unscaled(field, value));
  if (!std::isnan(value)) return raw_of_count(field, value);
  if (number.kind == NumberFormat::Kind::decimal_digits) return ~std::uint64_t{0};
  return number.no_data.empty() ? 0 : number.no_data.front().first;
}

std::size_t place_of(const NumberFormat& number, std::size_t word_from_low) {
  return number.word_order == profile::WordOrder::low_first ? word_from_low
                                                            : number.registers - 1U - word_from_low;
}

std::uint16_t swapped(const NumberFormat& number, std::uint16_t word) {
  if (number.byte_order == profile::ByteOrder::big) return word;
  return static_cast<std::uint16_t>(word << 8U | word >> 8U);
}

}  // namespace

std::vector<std::uint16_t> encode_number(const Field& field, double value, std::vector<std::uint16_t> old) {
  const NumberFormat& number = *field.number;
  const std::uint64_t bits = ~std::uint64_t{0} >> (64U - number.bits) << number.shift;
  const std::uint64_t raw = raw_of(field, value) << number.shift & bits;
  for (std::size_t word = 0; word < number.registers; ++word) {
    std::uint16_t& place = old[place_of(number, word)];
    const auto kept = static_cast<std::uint16_t>(~(bits >> 16U * word));
    const auto set = static_cast<std::uint16_t>(raw >> 16U * word);
    place = swapped(number, static_cast<std::uint16_t>((swapped(number, place) & kept) | set));
  }
  return old;
}

std::vector<std::uint16_t> encode_text(const Field& field, std::string_view text) {
  std::vector<std::uint8_t> bytes(text.begin(), text.end());
  if (field.keys.encoding == profile::Encoding::utf16) {
    bytes.clear();
    for (const char16_t unit : boost::locale::conv::utf_to_utf<char16_t>(std::string{text})) {
      bytes.push_back(modbus::high_byte(unit));
      bytes.push_back(modbus::low_byte(unit));
    }
  }
  bytes.resize(2U * field.keys.length);
  std::vector<std::uint16_t> words;
  for (std::size_t index = 0; index < bytes.size(); index += 2)
    words.push_back(swapped(*field.number, modbus::number_at(bytes, index)));
  if (field.number->word_order == profile::WordOrder::low_first) std::ranges::reverse(words);
  return words;
}

}  // namespace gensetd::simulator
