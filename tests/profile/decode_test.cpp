#include "profile/decode.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace gensetd::profile {
namespace {

using Count = std::optional<std::int64_t>;

std::int64_t signed16(std::int64_t raw) { return raw > 32767 ? raw - 65536 : raw; }

// A decoding rule of the register maps, and the specification's formula for it, written independently in
// whole units before the decimals. `decided`: the raw values for which PRODUCT.md overrides the formula, and
// their values.
struct Rule {
  std::string name;
  Field field;
  std::function<Count(std::int64_t)> formula;
  std::function<bool(std::int64_t)> decided;
  std::function<Count(std::int64_t)> decision;
};

Count none(std::int64_t) { return std::nullopt; }
bool never(std::int64_t) { return false; }
bool from_32000(std::int64_t raw) { return raw >= 32000; }
bool positive_no_data(std::int64_t raw) { return raw >= 32000 && raw <= 32767; }
Count plain(std::int64_t raw) { return raw; }
Count no_data_or(std::int64_t raw) { return raw >= 32000 ? Count{} : Count{raw}; }

Field field_of(Type type, NoData no_data, Count low = {}, Count high = {}) {
  Field field;
  field.type = type;
  field.no_data = no_data;
  field.raw_min = low;
  field.raw_max = high;
  return field;
}

// Every kind of 16-bit rule in the two register maps.
std::vector<Rule> rules() {
  const auto negatives_within = [](std::int64_t low, std::int64_t high) {
    return [=](std::int64_t raw) { return raw > 32767 && raw - 65536 >= low && raw - 65536 <= high; };
  };
  return {
      {"run_hours", field_of(Type::u16, NoData::none), plain, never, none},
      {"current_a", field_of(Type::u16, NoData::from_32000), no_data_or, never, none},
      {"mains_freq", field_of(Type::u16, NoData::from_32000), plain, from_32000, none},
      {"phase_diff", field_of(Type::i16, NoData::from_32000), signed16, positive_no_data, none},
      {"engine_speed", field_of(Type::u16, NoData::from_32000, {}, 5000),
       [](std::int64_t raw) { return raw > 5000 || raw == 32766 ? Count{} : Count{raw}; }, never, none},
      {"oil_pressure", field_of(Type::u16, NoData::from_32000, {}, 9999),
       [](std::int64_t raw) { return raw >= 10000 || raw == 32766 ? Count{} : Count{raw}; }, never, none},
      {"fuel_level", field_of(Type::u16, NoData::from_32000, {}, 100),
       [](std::int64_t raw) { return raw > 100 || raw == 32766 ? Count{} : Count{raw}; }, never, none},
      {"fuel_consumption", field_of(Type::u16, NoData::from_32000, {}, 10000),
       [](std::int64_t raw) { return raw > 10000 || raw == 32766 ? Count{} : Count{raw}; }, never, none},
      {"coolant_temp", field_of(Type::i16, NoData::from_32000, -50, 200),
       [](std::int64_t raw) {
         const std::int64_t degrees = signed16(raw);
         return raw == 32766 || raw >= 32000 || degrees > 200 || degrees < -50 ? Count{} : Count{degrees};
       },
       negatives_within(-50, -1), signed16},
      {"load_pct", field_of(Type::i16, NoData::from_32000, -50, 150),
       [](std::int64_t raw) {
         if (raw == 32766 || raw >= 32000) return Count{};
         const std::int64_t percent = signed16(raw);
         return percent > 150 || percent < -50 ? Count{} : Count{percent};
       },
       negatives_within(-50, -1), signed16},
  };
}

TEST(Decode, equals_the_formula_or_a_listed_decision_for_every_raw_value) {
  for (const Rule& rule : rules()) {
    for (std::int64_t raw = 0; raw <= 65535; ++raw) {
      const bool decided = rule.decided(raw);
      const Count expected = decided ? rule.decision(raw) : rule.formula(raw);
      ASSERT_EQ(decode16(rule.field, static_cast<std::uint16_t>(raw)), expected) << rule.name << ' ' << raw;
      if (decided) {
        ASSERT_NE(expected, rule.formula(raw)) << rule.name << " " << raw << " needs no decision";
      }
    }
  }
}

TEST(Decode, an_engine_at_minus_twenty_degrees_reads_minus_twenty) {
  EXPECT_EQ(decode16(field_of(Type::i16, NoData::from_32000, -50, 200), 65516), -20);
}

TEST(Decode, every_bit_is_independent_for_every_raw_value) {
  Field field = field_of(Type::bit, NoData::none);
  for (unsigned bit = 0; bit < 16; ++bit) {
    field.bit = static_cast<std::uint8_t>(bit);
    for (unsigned raw = 0; raw <= 65535; ++raw) {
      ASSERT_EQ(decode16(field, static_cast<std::uint16_t>(raw)), Count{(raw & (1U << bit)) != 0 ? 1 : 0});
    }
  }
}

TEST(Decode, thirty_two_bits_equal_the_formula_except_for_the_two_markers) {
  const Field unsigned_field = field_of(Type::u32, NoData::marker);
  const Field signed_field = field_of(Type::i32, NoData::marker);
  const auto check = [&](std::int64_t low, std::int64_t high) {
    const std::int64_t value = high * 65536 + low;
    const bool marked = value == 0x7FFFFFFE || (low == 32766 && high == 32766);
    const auto low_word = static_cast<std::uint16_t>(low);
    const auto high_word = static_cast<std::uint16_t>(high);
    ASSERT_EQ(decode32(unsigned_field, low_word, high_word), marked ? Count{} : Count{value})
        << low << ' ' << high;
    ASSERT_EQ(decode32(signed_field, low_word, high_word),
              marked ? Count{} : Count{value > 0x7FFFFFFF ? value - 0x100000000 : value})
        << low << ' ' << high;
  };
  const std::vector<std::int64_t> corners{0, 1, 31999, 32000, 32765, 32766, 32767, 32768, 65534, 65535};
  for (const std::int64_t low : corners) {
    for (const std::int64_t high : corners) check(low, high);
  }
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int pair = 0; pair < 2'000'000; ++pair) check(random() & 0xFFFF, random() & 0xFFFF);
}

TEST(Decode, a_block_sets_only_its_own_fields) {
  Profile profile;
  profile.blocks.resize(2);
  profile.blocks[0].address = 10;
  profile.blocks[0].count = 3;
  profile.blocks[1].address = 20;
  Field a = field_of(Type::u32, NoData::marker);
  a.address = 11;
  Field b = field_of(Type::u16, NoData::from_32000);
  b.address = 20;
  b.block = 1;
  Field c = field_of(Type::i16, NoData::from_32000);
  c.address = 10;
  profile.fields = {a, b, c};
  std::vector<Value> values{7, 8, 9};
  const std::vector<std::uint8_t> registers{0xFF, 0xFE, 0x00, 0x02, 0x00, 0x01};
  decode_block(profile, 0, fields_of_block(profile, 0), {.first = 10, .bytes = registers}, values);
  EXPECT_EQ(values, (std::vector<Value>{65538, 8, -2}));
  clear_block(profile, 1, values);
  EXPECT_EQ(values, (std::vector<Value>{65538, {}, -2}));
}

}  // namespace
}  // namespace gensetd::profile
