#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace gensetd::profile {

// How a field is stored in registers. In format 1 the first register of a 32-bit quantity is the low word
// (specification, 32-bit values).
enum class Type : std::uint8_t {
  u16,
  i16,
  u32,
  i32,
  bit,
  u64,
  i64,
  f32,
  f64,
  bitfield,
  enumeration,
  bcd,
  text
};
inline constexpr std::size_t type_count = 13;

// Which raw values mean 'no data', in addition to the limits. See PRODUCT.md, Decoding.
enum class NoData : std::uint8_t {
  none,        // counters and bits: every raw value is a value
  from_32000,  // u16: raw >= 32000; i16: raw 32000..32767
  marker,      // u32 and i32: 0x7FFFFFFE, or both words 32766
  listed,      // the ranges of a NoDataRule
};

enum class WordOrder : std::uint8_t { low_first, high_first };
enum class ByteOrder : std::uint8_t { big, little };
enum class Encoding : std::uint8_t { ascii, utf8, utf16 };  // of Type::text

struct Fraction {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;  // positive
};

inline constexpr std::uint16_t text_registers_max = 32;

struct RawRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  bool operator==(const RawRange&) const = default;
};

struct NoDataRule {
  NoData name = NoData::none;
  std::vector<RawRange> ranges;  // of NoData::listed: ascending, without overlap
};

// The keys of format 2 as a field states them. What is empty is taken from the profile. A profile that
// extends another can change what its fields take.
struct NumberKeys {
  std::optional<WordOrder> word_order;
  std::optional<ByteOrder> byte_order;
  std::optional<NoDataRule> no_data;
  std::uint64_t mask = 0;  // 0 for none
  std::optional<Fraction> scale;
  std::optional<Fraction> offset;
  std::uint8_t digits = 0;  // of Type::bcd: 4 or 8
  // Registers of Type::enumeration and Type::bitfield: 1 or 2; of Type::text: 1 to text_registers_max.
  std::uint16_t length = 1;
  Encoding encoding = Encoding::ascii;
  bool has_decimals = false;
};

// The keys of format 2 as a profile states them for all its fields.
struct NumberDefaults {
  unsigned format = 1;
  std::optional<WordOrder> word_order;
  std::optional<ByteOrder> byte_order;
  std::array<std::optional<NoDataRule>, type_count> no_data;  // by Type
};

}  // namespace gensetd::profile
