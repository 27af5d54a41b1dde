#include "profile/number_rules.hpp"

#include "profile/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <string>

namespace gensetd::profile {
namespace {

constexpr std::int64_t count_highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t count_lowest = std::numeric_limits<std::int64_t>::min();

bool is_one_of(Type type, std::initializer_list<Type> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}
bool is_signed(Type type) { return is_one_of(type, {Type::i16, Type::i32, Type::i64}); }
bool is_integer(Type type) { return is_signed(type) || is_one_of(type, {Type::u16, Type::u32, Type::u64}); }
bool is_float(Type type) { return is_one_of(type, {Type::f32, Type::f64}); }

std::uint64_t all_ones(unsigned bits) { return ~std::uint64_t{0} >> (64U - bits); }

[[noreturn]] void refuse_field(const Field& field, const FilePosition& position, std::string_view reason) {
  refuse(position, fmt::format("field {}: {}", field.name, reason));
}

// Keys that this type must not have.
void check_keys_fit(const Field& field, const FilePosition& position) {
  const NumberKeys& keys = field.keys;
  const std::string_view type = to_word(field.type);
  const auto must_be = [&](bool is_stated, std::string_view key, std::string_view types) {
    if (is_stated)
      refuse_field(field, position, fmt::format("{} does not fit {}: must be {}", key, type, types));
  };
  const bool is_number = is_integer(field.type) || is_float(field.type);
  const bool has_length = is_one_of(field.type, {Type::enumeration, Type::bitfield});
  if (field.type == Type::bit || is_float(field.type))
    must_be(keys.mask != 0, "mask", "in a field of an integer type, enum, bitfield or bcd");
  if (!is_number) {
    must_be(keys.scale.has_value(), "scale", "in a field of an integer type, f32 or f64");
    must_be(keys.offset.has_value(), "offset", "in a field of an integer type, f32 or f64");
  }
  if (field.type != Type::bcd) must_be(keys.digits != 0, "digits", "in a field of type bcd");
  const bool is_text = field.type == Type::text;
  if (!has_length && !is_text)
    must_be(keys.length != 1, "length", "in a field of type enum, bitfield or text");
  if (has_length && keys.length > 2)
    refuse_field(field, position,
                 fmt::format("length = {} does not fit {}: must be a whole number 1..2", keys.length, type));
  if (!is_text) must_be(keys.encoding != Encoding::ascii, "encoding", "in a field of type text");
  if (is_text) {
    must_be(keys.mask != 0, "mask", "in a field of an integer type, enum, bitfield or bcd");
    must_be(keys.no_data.has_value(), "no_data", "left out");
    must_be(field.raw_min || field.raw_max, "a limit", "left out");
    must_be(field.decimals != 0, "decimals", "0, which may be left out");
    must_be(!field.unit.empty(), "unit", "left out");
  }
  if (has_length) must_be(field.decimals != 0, "decimals", "0, which may be left out");
  if (field.type == Type::bitfield) {
    must_be(field.raw_min || field.raw_max, "a limit", "left out");
    must_be(!field.codes.empty(), "codes", "left out");
  }
  if (is_float(field.type) || is_text) must_be(!field.codes.empty(), "codes", "left out");
}

// Keys that this type must have.
void check_keys_present(const Field& field, const FilePosition& position) {
  if (is_float(field.type) && !field.keys.has_decimals)
    refuse_field(field, position,
                 fmt::format("{} has no decimals: needed is a whole number 0..6", to_word(field.type)));
  if (field.type == Type::bcd && field.keys.digits == 0)
    refuse_field(field, position, "bcd has no digits: needed is 4 or 8");
  if (field.type == Type::enumeration && field.codes.empty())
    refuse_field(field, position, "enum has no codes: needed is the name of a code table");
}

void check_mask(const Field& field, const FilePosition& position) {
  if (field.keys.mask == 0) return;
  const std::uint64_t widest = all_ones(16U * register_count(field));
  if (field.keys.mask > widest)
    refuse_field(field, position,
                 fmt::format("mask = 0x{:X} does not fit {}: must be 0x{:X} at most", field.keys.mask,
                             to_word(field.type), widest));
}

WordOrder settled_word_order(const Field& field, const NumberDefaults& defaults,
                             const FilePosition& position) {
  if (register_count(field) == 1) {
    if (field.keys.word_order)
      refuse_field(field, position, "word_order is stated for one register: must be left out");
    return WordOrder::low_first;
  }
  if (field.keys.word_order) return *field.keys.word_order;
  if (defaults.word_order) return *defaults.word_order;
  refuse_field(
      field, position,
      fmt::format("{} has several registers and no word_order: needed is low_first or high_first, in the "
                  "field or at the top level",
                  to_word(field.type)));
}

const NoDataRule& settled_rule(const Field& field, const NumberDefaults& defaults,
                               const FilePosition& position) {
  static const NoDataRule nothing;
  if (field.keys.no_data) return *field.keys.no_data;
  const bool is_cut_out = field.keys.mask != 0;
  const auto& of_type = defaults.no_data[static_cast<std::size_t>(field.type)];
  if (of_type && !is_cut_out) return *of_type;
  if (!is_integer(field.type)) return nothing;
  // A rule for whole registers would show a register without data as a value of the bits that are cut out.
  if (is_cut_out)
    refuse_field(
        field, position,
        R"(a mask needs a no_data of its own, for the bits that are cut out: must be "none" or a list)");
  refuse_field(
      field, position,
      fmt::format(
          R"({0} has no no_data: needed is {1}, in the field or at the top level: no_data = {{ {0} = ... }})",
          to_word(field.type),
          default_no_data(field.type) == NoData::none
              ? std::string{R"("none" or a list)"}
              : fmt::format(R"("none", "{}" or a list)", to_word(default_no_data(field.type)))));
}

std::vector<RawRange> ranges_of(const NoDataRule& rule, Type type) {
  switch (rule.name) {
    case NoData::none:
      return {};
    case NoData::from_32000:
      return {{32'000, type == Type::i16 ? 32'767U : 65'535U}};
    case NoData::marker:
      return {{0x7FFE7FFE, 0x7FFE7FFE}, {0x7FFFFFFE, 0x7FFFFFFE}};
    case NoData::listed:
      break;
  }
  return rule.ranges;
}

bool are_all_listed(const std::vector<RawRange>& ranges, std::uint64_t first, std::uint64_t last) {
  for (const RawRange& range : ranges) {
    if (range.first > first) return false;
    if (range.last >= last) return true;
    if (range.last >= first) first = range.last + 1;
  }
  return false;
}

// Counts of floats and digits are not their raw bits, so only whole numbers can be checked.
void check_value_is_left(const Field& field, const std::vector<RawRange>& no_data,
                         const FilePosition& position) {
  if (is_float(field.type) || field.type == Type::bcd) return;
  const auto range = value_range(field);
  const std::int64_t low = field.raw_min.value_or(range.first);
  const std::int64_t high = field.raw_max.value_or(range.second);
  const auto raw = [&](std::int64_t count) {
    return static_cast<std::uint64_t>(count) & all_ones(bit_count(field));
  };
  const bool negative_left =
      low < 0 && !are_all_listed(no_data, raw(low), raw(std::min<std::int64_t>(high, -1)));
  const bool positive_left =
      high >= 0 && !are_all_listed(no_data, raw(std::max<std::int64_t>(low, 0)), raw(high));
  if (!negative_left && !positive_left)
    refuse_field(field, position,
                 fmt::format("no_data leaves no value of {}..{}: must leave one at least", low, high));
}

NumberFormat::Kind kind_of(Type type) {
  if (type == Type::f32) return NumberFormat::Kind::float32;
  if (type == Type::f64) return NumberFormat::Kind::float64;
  if (type == Type::bcd) return NumberFormat::Kind::decimal_digits;
  return is_signed(type) ? NumberFormat::Kind::signed_whole : NumberFormat::Kind::whole;
}

bool is_simple(const Field& field, const NumberFormat& format, const NoDataRule& rule) {
  const NumberKeys& keys = field.keys;
  return is_one_of(field.type, {Type::u16, Type::i16, Type::u32, Type::i32, Type::bit}) &&
         format.word_order == WordOrder::low_first && format.byte_order == ByteOrder::big && keys.mask == 0 &&
         !keys.scale && !keys.offset && rule.name != NoData::listed;
}

}  // namespace

bool has_fixed_length(Type type) {
  return !is_one_of(type, {Type::bcd, Type::enumeration, Type::bitfield, Type::text});
}

std::uint16_t register_count(const Field& field) {
  if (is_one_of(field.type, {Type::u64, Type::i64, Type::f64})) return 4;
  if (is_one_of(field.type, {Type::u32, Type::i32, Type::f32})) return 2;
  if (field.type == Type::bcd) return field.keys.digits == 8 ? 2 : 1;
  return field.keys.length;
}

unsigned bit_count(const Field& field) {
  if (field.type == Type::bit) return 1;
  if (field.keys.mask != 0) return static_cast<unsigned>(std::popcount(field.keys.mask));
  if (field.type == Type::text) return 16;  // it has no raw number
  return 16U * register_count(field);
}

unsigned widest_bits(Type type) {
  Field field;
  field.type = type;
  field.keys.digits = 8;
  if (is_one_of(type, {Type::enumeration, Type::bitfield})) field.keys.length = 2;
  return bit_count(field);
}

std::pair<std::int64_t, std::int64_t> value_range(const Field& field) {
  if (is_float(field.type)) return {count_lowest, count_highest};
  const unsigned bits = bit_count(field);
  if (field.type == Type::bcd) {
    std::int64_t end = 1;
    for (unsigned digits = (bits + 3) / 4; digits > 0; --digits) end *= 10;
    return {0, end - 1};
  }
  if (!is_signed(field.type)) return {0, static_cast<std::int64_t>(all_ones(std::min(bits, 63U)))};
  const auto highest = static_cast<std::int64_t>(all_ones(bits) >> 1U);
  return {-highest - 1, highest};
}

NoData default_no_data(Type type) {
  if (is_one_of(type, {Type::u16, Type::i16})) return NoData::from_32000;
  return is_one_of(type, {Type::u32, Type::i32}) ? NoData::marker : NoData::none;
}

void check_limits(const Field& field, const FilePosition& position) {
  if (field.type == Type::bit && (field.raw_min || field.raw_max || field.decimals != 0))
    refuse_field(field, position, "a bit must not have raw_min, raw_max or decimals");
  const auto [low, high] = value_range(field);
  for (const auto& [key, limit] : {std::pair{"raw_min", field.raw_min}, {"raw_max", field.raw_max}}) {
    if (!limit || (*limit >= low && *limit <= high)) continue;
    refuse_field(field, position,
                 fmt::format("{} = {} does not fit {}: must be a whole number {}..{}", key, *limit,
                             to_word(field.type), low, high));
  }
  if (field.raw_min && field.raw_max && *field.raw_min > *field.raw_max)
    refuse_field(field, position,
                 fmt::format("raw_min = {} is above raw_max = {}: must be at most that", *field.raw_min,
                             *field.raw_max));
}

void check_rule(const NoDataRule& rule, Type type, unsigned bits, std::string_view subject,
                const FilePosition& position) {
  if (rule.name == NoData::listed) {
    if (type == Type::bit)
      refuse(position, fmt::format("{}: a list does not fit bit: must be none", subject));
    for (const RawRange& range : rule.ranges) {
      if (range.last <= all_ones(bits)) continue;
      refuse(position, fmt::format("{}: 0x{:X} has more than {} bits: must be 0x{:X} at most", subject,
                                   range.last, bits, all_ones(bits)));
    }
    return;
  }
  // A named rule is for whole registers.
  const NoData fitting = bits == widest_bits(type) ? default_no_data(type) : NoData::none;
  if (rule.name == NoData::none || rule.name == fitting) return;
  const std::string allowed = type == Type::bit         ? "none"
                              : fitting == NoData::none ? "none or a list"
                                                        : fmt::format("none, {} or a list", to_word(fitting));
  refuse(position,
         fmt::format(R"({}: "{}" does not fit {}{}: must be {})", subject, to_word(rule.name), to_word(type),
                     fitting == default_no_data(type) ? "" : " with a mask", allowed));
}

void settle_number(Field& field, const NumberDefaults& defaults, const FilePosition& position) {
  check_keys_fit(field, position);
  check_keys_present(field, position);
  check_mask(field, position);
  NumberFormat format{.kind = kind_of(field.type), .registers = register_count(field)};
  format.word_order = settled_word_order(field, defaults, position);
  format.byte_order = field.keys.byte_order.value_or(defaults.byte_order.value_or(ByteOrder::big));
  if (field.type == Type::text) {
    field.no_data = NoData::none;
    field.number = std::make_shared<const NumberFormat>(std::move(format));
    return;
  }
  const NoDataRule& rule = settled_rule(field, defaults, position);
  check_rule(rule, field.type, bit_count(field), fmt::format("field {}: no_data", field.name), position);
  check_limits(field, position);
  format.no_data = ranges_of(rule, field.type);
  check_value_is_left(field, format.no_data, position);
  field.no_data = rule.name;
  field.number.reset();
  if (is_simple(field, format, rule)) return;
  format.shift = field.type == Type::bit ? field.bit
                 : field.keys.mask != 0  ? static_cast<unsigned>(std::countr_zero(field.keys.mask))
                                         : 0;
  format.bits = bit_count(field);
  format.count_min = field.raw_min.value_or(count_lowest);
  format.count_max = field.raw_max.value_or(count_highest);
  set_scale(format, field.keys.scale, field.keys.offset, field.decimals);
  field.number = std::make_shared<const NumberFormat>(std::move(format));
}

}  // namespace gensetd::profile
