#include "profile/number_format.hpp"

#include "profile/catalog.hpp"
#include "profile/decode.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

// Values of format 2 against a decoder that is written independently: it places the bytes in memory as the
// processor stores numbers, and calculates with fractions of any length.
namespace gensetd::profile {
namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;
using Bytes = std::vector<std::uint8_t>;

static_assert(std::endian::native == std::endian::little);

struct Layout {
  std::string type;
  std::size_t bytes = 2;
  std::string keys;  // of the field
};

const std::vector<Layout> integers{{"u16", 2, ""}, {"i16", 2, ""}, {"u32", 4, ""},
                                   {"i32", 4, ""}, {"u64", 8, ""}, {"i64", 8, ""}};
const std::vector<std::string> word_orders{"low_first", "high_first"};
const std::vector<std::string> byte_orders{"big", "little"};

// A profile with one field at register 3.
ProfilePtr profile_of(const std::string& type, const std::string& top, const std::string& keys) {
  const std::string text = fmt::format(R"(
format = 2
name = "one"
title = {{ en = "One", ru = "Один" }}
device_type = "generator"
protocol = "tcp"
probe_address = 0
tcp = {{ merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }}
serial = {{ merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }}
groups = [{{ name = "g", label = {{ en = "G", ru = "Г" }} }}]
code_tables = [{{ name = "t", codes = [{{ value = 1, key = "on", label = {{ en = "On", ru = "Вкл" }} }}] }}]
blocks = [{{ name = "b", address = 3, count = 4 }}]
no_data = {{ u16 = "none", i16 = "none", u32 = "none", i32 = "none", u64 = "none", i64 = "none" }}
{}
fields = [{{ name = "f", address = 3, type = "{}", group = "g", label = {{ en = "F", ru = "Ф" }}{}{} }}]
)",
                                       top, type, keys.empty() ? "" : ", ", keys);
  return Catalog::built_in().parse(text, "one.toml");
}

Value decoded(const ProfilePtr& profile, const Bytes& bytes) {
  Bytes block = bytes;
  block.resize(8);
  std::vector<Value> values(1);
  const std::vector<std::uint16_t> fields{0};
  decode_block(*profile, 0, fields, {.first = profile->blocks[0].address, .bytes = block}, values);
  return values[0];
}

// Where the bytes of a little-endian number lie on the wire.
Bytes on_the_wire(const Bytes& number, const std::string& words, const std::string& bytes) {
  Bytes wire = number;
  if (words == "high_first") std::reverse(wire.begin(), wire.end());
  const bool high_byte_leads = words == "high_first";
  if (high_byte_leads != (bytes == "big"))
    for (std::size_t at = 0; at < wire.size(); at += 2) std::swap(wire[at], wire[at + 1]);
  return wire;
}

template <typename Number>
Bytes memory_of(Number number) {
  Bytes bytes(sizeof number);
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

template <typename Number>
Number number_of(const Bytes& memory) {
  Number number{};
  std::memcpy(&number, memory.data(), sizeof number);
  return number;
}

Value integer_of(const std::string& type, const Bytes& memory) {
  if (type == "u16") return number_of<std::uint16_t>(memory);
  if (type == "i16") return number_of<std::int16_t>(memory);
  if (type == "u32") return number_of<std::uint32_t>(memory);
  if (type == "i32") return number_of<std::int32_t>(memory);
  if (type == "i64") return number_of<std::int64_t>(memory);
  const auto number = number_of<std::uint64_t>(memory);
  if (number > 0x7FFFFFFFFFFFFFFFULL) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

class Random {
 public:
  std::uint64_t next() { return generator_(); }
  std::uint64_t below(std::uint64_t end) { return generator_() % end; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(generator_);
  }
  unsigned seed() const { return seed_; }

 private:
  unsigned seed_ = std::random_device{}();
  std::mt19937_64 generator_{seed_};
};

// Corners of all widths, then random numbers of random width.
std::vector<std::uint64_t> raw_values(Random& random, std::size_t count) {
  std::vector<std::uint64_t> raw{0};
  for (unsigned bit = 0; bit < 64; ++bit)
    for (const std::uint64_t near : {~0ULL, 0ULL, 1ULL}) raw.push_back((1ULL << bit) + near);
  for (const std::uint64_t mark : {0x7FFEULL, 0x7D00ULL, 0x7FFFFFFEULL, 0x7FFE7FFEULL}) raw.push_back(mark);
  while (raw.size() < count) raw.push_back(random.next() >> random.below(64));
  return raw;
}

template <typename Visit>
void for_each_order(Visit visit) {
  for (const std::string& words : word_orders)
    for (const std::string& bytes : byte_orders) visit(words, bytes);
}

std::string orders_of(const std::string& words, const std::string& bytes) {
  return fmt::format("word_order = \"{}\"\nbyte_order = \"{}\"", words, bytes);
}

TEST(NumberFormat, integers_equal_those_of_the_processor_in_every_order) {
  Random random;
  SCOPED_TRACE(random.seed());
  const std::vector<std::uint64_t> raw = raw_values(random, 1'000'000 / 4);
  for (const Layout& layout : integers) {
    for_each_order([&](const std::string& words, const std::string& bytes) {
      const ProfilePtr profile = profile_of(layout.type, orders_of(words, bytes), layout.keys);
      const auto check = [&](std::uint64_t number) {
        Bytes memory = memory_of(number);
        memory.resize(layout.bytes);
        ASSERT_EQ(decoded(profile, on_the_wire(memory, words, bytes)), integer_of(layout.type, memory))
            << layout.type << ' ' << words << ' ' << bytes << ' ' << number;
      };
      for (std::uint64_t number = 0; number <= 0xFFFF; ++number) check(number);
      for (const std::uint64_t number : raw) check(number);
    });
  }
}

// A fraction rounded half away from zero, or nothing if it does not fit 64 bits.
Value rounded(const cpp_rational& exact) {
  const cpp_int above = numerator(exact);
  const cpp_int below = denominator(exact);
  cpp_int whole = (2 * abs(above) + below) / (2 * below);
  if (above < 0) whole = -whole;
  if (whole > cpp_int(std::numeric_limits<std::int64_t>::max()) ||
      whole < cpp_int(std::numeric_limits<std::int64_t>::min()))
    return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

cpp_rational fraction_of(double number) {
  int exponent = 0;
  const double mantissa = std::frexp(number, &exponent);
  cpp_rational exact(cpp_int(static_cast<std::int64_t>(std::ldexp(mantissa, 53))));
  exponent -= 53;
  const cpp_int power = cpp_int(1) << std::abs(exponent);
  return exponent < 0 ? cpp_rational(exact / power) : cpp_rational(exact * power);
}

cpp_int power_of_ten(unsigned exponent) { return boost::multiprecision::pow(cpp_int(10), exponent); }

template <typename Float, typename Bits>
void check_floats(const std::string& type, Random& random) {
  constexpr int samples = 1'000'000 / 28;
  for (unsigned decimals = 0; decimals <= 6; ++decimals) {
    for_each_order([&](const std::string& words, const std::string& bytes) {
      const ProfilePtr profile =
          profile_of(type, orders_of(words, bytes), fmt::format("decimals = {}", decimals));
      const auto check = [&](Float number) {
        const Value expected =
            std::isfinite(number) ? rounded(fraction_of(static_cast<double>(number)) * power_of_ten(decimals))
                                  : std::nullopt;
        ASSERT_EQ(decoded(profile, on_the_wire(memory_of(number), words, bytes)), expected)
            << type << ' ' << words << ' ' << bytes << ' ' << number << ' ' << decimals;
      };
      for (const Float corner :
           {Float{0}, -Float{0}, Float{1}, std::numeric_limits<Float>::quiet_NaN(),
            std::numeric_limits<Float>::infinity(), std::numeric_limits<Float>::max(),
            std::numeric_limits<Float>::min(), std::numeric_limits<Float>::denorm_min(),
            Float(9.2233720368547e18), Float(9.2233720368548e18), Float(-9.2233720368547e18)}) {
        check(corner);
        check(-corner);
      }
      for (int sample = 0; sample < samples; ++sample) {
        check(std::bit_cast<Float>(static_cast<Bits>(random.next())));
        // Numbers of a controller: near halves of the last decimal, where rounding decides.
        const auto half = static_cast<double>(2 * random.between(-1'000'000'000, 1'000'000'000) + 1);
        const auto near = static_cast<Float>(half / 2 / std::pow(10.0, decimals));
        check(near);
        check(std::nextafter(near, Float{0}));
      }
    });
  }
}

TEST(NumberFormat, floats_are_rounded_half_away_from_zero_in_every_order) {
  Random random;
  SCOPED_TRACE(random.seed());
  check_floats<float, std::uint32_t>("f32", random);
  check_floats<double, std::uint64_t>("f64", random);
}

struct Scale {
  std::int64_t above = 1, below = 1, offset_above = 0, offset_below = 1;
  unsigned decimals = 0;

  std::string keys() const {
    return fmt::format("decimals = {}, scale = \"{}/{}\", offset = \"{}/{}\"", decimals, above, below,
                       offset_above, offset_below);
  }
  cpp_rational value_of(const cpp_rational& raw) const {
    return (raw * cpp_rational(above, below) + cpp_rational(offset_above, offset_below)) *
           power_of_ten(decimals);
  }
};

std::int64_t up_to_a_billion(Random& random) {
  constexpr std::int64_t billion = 1'000'000'000;
  if (random.below(8) == 0) return billion - static_cast<std::int64_t>(random.below(3));
  return 1 + static_cast<std::int64_t>(random.below(billion) >> random.below(30));
}

Scale random_scale(Random& random) {
  const auto sign = [&] { return random.below(2) == 0 ? 1 : -1; };
  return {.above = sign() * up_to_a_billion(random),
          .below = up_to_a_billion(random),
          .offset_above = random.below(3) == 0 ? 0 : sign() * up_to_a_billion(random),
          .offset_below = up_to_a_billion(random),
          .decimals = static_cast<unsigned>(random.below(7))};
}

TEST(NumberFormat, scale_and_offset_are_exact) {
  Random random;
  SCOPED_TRACE(random.seed());
  int without_data = 0;
  for (int made = 0; made < 5'000; ++made) {
    const Scale scale = random_scale(random);
    const Layout& layout = integers[random.below(integers.size())];
    const ProfilePtr profile = profile_of(layout.type, orders_of("low_first", "big"), scale.keys());
    for (int sample = 0; sample < 200; ++sample) {
      Bytes memory = memory_of(random.next() >> random.below(64));
      memory.resize(layout.bytes);
      const Value raw = integer_of(layout.type, memory);
      const Value expected = raw ? rounded(scale.value_of(*raw)) : std::nullopt;
      without_data += expected ? 0 : 1;
      ASSERT_EQ(decoded(profile, on_the_wire(memory, "low_first", "big")), expected)
          << layout.type << ' ' << scale.keys() << ' ' << (raw ? *raw : 0);
    }
  }
  EXPECT_GT(without_data, 10'000);
  EXPECT_LT(without_data, 900'000);
}

TEST(NumberFormat, scaled_floats_are_rounded_once) {
  Random random;
  SCOPED_TRACE(random.seed());
  for (int made = 0; made < 1'000; ++made) {
    const Scale scale = random_scale(random);
    const ProfilePtr profile = profile_of("f64", orders_of("high_first", "big"), scale.keys());
    for (int sample = 0; sample < 20; ++sample) {
      const double number = std::ldexp(static_cast<double>(random.between(-(1LL << 52), 1LL << 52)),
                                       -static_cast<int>(random.below(60)));
      const cpp_rational exact = scale.value_of(fraction_of(number));
      const Value found = decoded(profile, on_the_wire(memory_of(number), "high_first", "big"));
      const double nearest = static_cast<double>(exact);
      if (std::abs(nearest) > 9.2e18) continue;
      ASSERT_TRUE(found) << scale.keys() << ' ' << number;
      // Double has 53 bits; the two terms may cancel each other.
      const double terms =
          std::abs(number * static_cast<double>(scale.above) / static_cast<double>(scale.below)) +
          std::abs(static_cast<double>(scale.offset_above) / static_cast<double>(scale.offset_below));
      const double allowed = 0.5 + terms * std::pow(10.0, scale.decimals) * 1e-15;
      ASSERT_LE(std::abs(static_cast<double>(cpp_rational(exact - cpp_int(*found)))), allowed)
          << scale.keys() << ' ' << number;
    }
  }
}

TEST(NumberFormat, degrees_fahrenheit_become_degrees_celsius) {
  const ProfilePtr profile =
      profile_of("i16", "", R"(decimals = 1, unit = "°C", scale = "5/9", offset = "-160/9")");
  EXPECT_EQ(decoded(profile, {0, 212}), 1000);
  EXPECT_EQ(decoded(profile, {0, 32}), 0);
  EXPECT_EQ(decoded(profile, {0xFF, 0xD8}), -400);
  EXPECT_EQ(decoded(profile, {0, 100}), 378);
}

TEST(NumberFormat, an_offset_alone_has_the_unit_of_the_value) {
  const ProfilePtr profile = profile_of("u16", "", "decimals = 1, offset = -40");
  EXPECT_EQ(decoded(profile, {0, 0}), -400);
  EXPECT_EQ(decoded(profile, {0x01, 0x9B}), 11);  // 41.1 - 40
}

TEST(NumberFormat, halves_are_rounded_away_from_zero) {
  const ProfilePtr profile = profile_of("i16", "", R"(scale = "1/2")");
  EXPECT_EQ(decoded(profile, {0, 5}), 3);
  EXPECT_EQ(decoded(profile, {0xFF, 0xFB}), -3);
  EXPECT_EQ(decoded(profile, {0xFF, 0xFF}), -1);
}

TEST(NumberFormat, a_mask_cuts_out_and_shifts_down_before_everything_else) {
  for (unsigned low = 0; low < 16; ++low) {
    for (unsigned high = low; high < 16; ++high) {
      std::uint64_t mask = 0;
      for (unsigned bit = low; bit <= high; ++bit) mask |= 1U << bit;
      const std::string keys = fmt::format("mask = {}, no_data = [1]", mask);
      const bool has_sign = high > low;
      const ProfilePtr unsigned_profile = has_sign ? profile_of("u16", "", keys) : nullptr;
      const ProfilePtr signed_profile = has_sign ? profile_of("i16", "", keys) : nullptr;
      const ProfilePtr bits = profile_of("bitfield", "", fmt::format("mask = {}", mask));
      for (std::uint32_t raw = 0; raw <= 0xFFFF; raw += has_sign ? 7 : 1) {
        const std::int64_t cut = (raw % (2U << high)) / (1U << low);
        const Bytes wire{static_cast<std::uint8_t>(raw / 256), static_cast<std::uint8_t>(raw % 256)};
        ASSERT_EQ(decoded(bits, wire), cut) << mask << ' ' << raw;
        if (!has_sign) continue;
        const std::int64_t end = 2LL << (high - low);
        ASSERT_EQ(decoded(unsigned_profile, wire), cut == 1 ? Value{} : cut) << mask << ' ' << raw;
        ASSERT_EQ(decoded(signed_profile, wire), cut == 1 ? Value{} : Value{cut >= end / 2 ? cut - end : cut})
            << mask << ' ' << raw;
      }
    }
  }
}

TEST(NumberFormat, decimal_digits_equal_the_printed_hexadecimal_number) {
  const ProfilePtr four = profile_of("bcd", "", "digits = 4, raw_max = 9000");
  const ProfilePtr eight = profile_of("bcd", "word_order = \"high_first\"", "digits = 8, decimals = 2");
  const auto value_of = [](const std::string& digits) -> Value {
    return digits.find_first_of("abcdef") == std::string::npos ? Value{std::stoll(digits)} : Value{};
  };
  for (std::uint32_t raw = 0; raw <= 0xFFFF; ++raw) {
    const Bytes wire{static_cast<std::uint8_t>(raw >> 8U), static_cast<std::uint8_t>(raw)};
    const Value value = value_of(fmt::format("{:04x}", raw));
    ASSERT_EQ(decoded(four, wire), value && *value <= 9000 ? value : Value{}) << raw;
  }
  Random random;
  SCOPED_TRACE(random.seed());
  for (int sample = 0; sample < 1'000'000; ++sample) {
    auto raw = static_cast<std::uint32_t>(random.next());
    if (sample % 2 == 0)
      raw = static_cast<std::uint32_t>(std::stoul(std::to_string(random.below(100'000'000)), nullptr, 16));
    ASSERT_EQ(decoded(eight, on_the_wire(memory_of(raw), "high_first", "big")),
              value_of(fmt::format("{:08x}", raw)));
  }
}

TEST(NumberFormat, codes_and_bit_fields_have_one_register_or_two) {
  const ProfilePtr code = profile_of("enum", "", R"(codes = "t", mask = 0x00F0)");
  EXPECT_EQ(decoded(code, {0x12, 0x34}), 3);
  const ProfilePtr wide = profile_of("enum", "word_order = \"high_first\"", R"(codes = "t", length = 2)");
  EXPECT_EQ(decoded(wide, {0x12, 0x34, 0x56, 0x78}), 0x12345678);
  const ProfilePtr bits =
      profile_of("bitfield", "word_order = \"low_first\"\nbyte_order = \"little\"", "length = 2");
  EXPECT_EQ(decoded(bits, {0x12, 0x34, 0x56, 0x78}), 0x78563412);
}

TEST(NumberFormat, a_bit_counts_in_the_swapped_register) {
  for (unsigned bit = 0; bit < 16; ++bit) {
    const ProfilePtr profile = profile_of("bit", "byte_order = \"little\"", fmt::format("bit = {}", bit));
    for (std::uint32_t raw = 0; raw <= 0xFFFF; ++raw) {
      const Bytes wire{static_cast<std::uint8_t>(raw), static_cast<std::uint8_t>(raw >> 8U)};
      ASSERT_EQ(decoded(profile, wire), Value{(raw >> bit) % 2}) << raw << ' ' << bit;
    }
  }
}

TEST(NumberFormat, listed_raw_values_are_no_data_before_the_sign) {
  const ProfilePtr profile = profile_of("i16", "", "no_data = [0x7FFF, [0xFFF8, 0xFFFF], [0, 2]], scale = 2");
  for (std::int64_t raw = 0; raw <= 0xFFFF; ++raw) {
    const bool listed = raw == 0x7FFF || raw >= 0xFFF8 || raw <= 2;
    const Bytes wire{static_cast<std::uint8_t>(raw >> 8U), static_cast<std::uint8_t>(raw)};
    ASSERT_EQ(decoded(profile, wire), listed ? Value{} : Value{2 * (raw > 0x7FFF ? raw - 0x10000 : raw)})
        << raw;
  }
  const ProfilePtr wide =
      profile_of("i64", "word_order = \"high_first\"", R"(no_data = ["0x8000000000000000"])");
  EXPECT_EQ(decoded(wide, {0x80, 0, 0, 0, 0, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(decoded(wide, {0x80, 0, 0, 0, 0, 0, 0, 1}), std::numeric_limits<std::int64_t>::min() + 1);
  const ProfilePtr real =
      profile_of("f32", "word_order = \"high_first\"", "decimals = 0, no_data = [0x3F800000]");
  EXPECT_EQ(decoded(real, {0x3F, 0x80, 0, 0}), std::nullopt);
  EXPECT_EQ(decoded(real, {0x40, 0, 0, 0}), 2);
}

TEST(NumberFormat, named_rules_are_the_same_with_a_scale) {
  for (const std::string type : {"u16", "i16"}) {
    const ProfilePtr plain = profile_of(type, "", "no_data = \"from_32000\", raw_min = 5, raw_max = 32766");
    const ProfilePtr scaled =
        profile_of(type, "", "no_data = \"from_32000\", raw_min = 5, raw_max = 32766, scale = \"-3/1\"");
    ASSERT_FALSE(plain->fields[0].number);
    ASSERT_TRUE(scaled->fields[0].number);
    for (std::uint32_t raw = 0; raw <= 0xFFFF; ++raw) {
      const Bytes wire{static_cast<std::uint8_t>(raw >> 8U), static_cast<std::uint8_t>(raw)};
      const Value value = decoded(plain, wire);
      ASSERT_EQ(decoded(scaled, wire), value ? Value{-3 * *value} : Value{}) << type << raw;
    }
  }
  for (const std::string type : {"u32", "i32"}) {
    const ProfilePtr plain = profile_of(type, "word_order = \"low_first\"", "no_data = \"marker\"");
    const ProfilePtr turned = profile_of(type, "word_order = \"high_first\"", "no_data = \"marker\"");
    ASSERT_FALSE(plain->fields[0].number);
    ASSERT_TRUE(turned->fields[0].number);
    for (const std::uint32_t raw : {0x7FFFFFFEU, 0x7FFE7FFEU, 0U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
      EXPECT_EQ(decoded(plain, on_the_wire(memory_of(raw), "low_first", "big")),
                decoded(turned, on_the_wire(memory_of(raw), "high_first", "big")))
          << raw;
    }
    EXPECT_EQ(decoded(turned, on_the_wire(memory_of(0x7FFE7FFEU), "high_first", "big")), std::nullopt);
  }
}

TEST(NumberFormat, limits_bound_the_count_before_the_scale_and_the_rounded_count_of_floats) {
  const ProfilePtr integer =
      profile_of("i16", "", R"(raw_min = -2, raw_max = 10, scale = "1/4", decimals = 2)");
  EXPECT_EQ(decoded(integer, {0, 10}), 250);
  EXPECT_EQ(decoded(integer, {0, 11}), std::nullopt);
  EXPECT_EQ(decoded(integer, {0xFF, 0xFE}), -50);
  EXPECT_EQ(decoded(integer, {0xFF, 0xFD}), std::nullopt);
  const ProfilePtr real = profile_of("f32", "word_order = \"high_first\"", "decimals = 1, raw_max = 15");
  EXPECT_EQ(decoded(real, on_the_wire(memory_of(1.54F), "high_first", "big")), 15);
  EXPECT_EQ(decoded(real, on_the_wire(memory_of(1.56F), "high_first", "big")), std::nullopt);
}

}  // namespace
}  // namespace gensetd::profile
