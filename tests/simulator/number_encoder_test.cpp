#include "simulator/number_encoder.hpp"

#include "profile/catalog.hpp"
#include "profile/decode.hpp"
#include "simulator/quantity.hpp"
#include "simulator/register_bank.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

// What the simulator writes decodes to the same value, for every type and order of format 2.
namespace gensetd::simulator {
namespace {

profile::ProfilePtr one_field(const std::string& keys) {
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
code_tables = [{{ name = "t", codes = [{{ value = 3, key = "k", label = {{ en = "K", ru = "К" }} }}] }}]
blocks = [{{ name = "b", table = "input", address = 0, count = 8 }}]
fields = [{{ name = "f", table = "input", address = 2, {}, group = "g", label = {{ en = "F", ru = "Ф" }} }}]
)",
                                       keys);
  return profile::Catalog::built_in().parse(text, "one.toml");
}

// The value that a reader of the bank decodes, in the field's unit.
std::optional<double> decoded(const profile::Profile& map, const RegisterBank& bank) {
  std::vector<std::uint8_t> bytes;
  for (std::uint16_t address = 0; address < 8; ++address) {
    const std::uint16_t raw = bank.at({modbus::Function::input_registers, address});
    bytes.push_back(static_cast<std::uint8_t>(raw >> 8U));
    bytes.push_back(static_cast<std::uint8_t>(raw & 0xFFU));
  }
  std::vector<profile::Value> values(1);
  profile::decode_block(map, 0, profile::fields_of_block(map, 0), {.first = 0, .bytes = bytes}, values);
  if (!values[0]) return std::nullopt;
  return static_cast<double>(*values[0]) / std::pow(10.0, map.fields[0].decimals);
}

struct Case {
  std::string keys;
  double low, high, step;  // of values; `step` is what one count is worth
};

TEST(NumberEncoder, written_values_are_read_again) {
  std::mt19937 random(5);
  for (const Case& one : std::vector<Case>{
           {R"(type = "u16", no_data = [0xFFFF], decimals = 1)", 0, 6'000, 0.1},
           {R"(type = "i16", no_data = "none", byte_order = "little")", -30'000, 30'000, 1},
           {R"(type = "i32", no_data = [0x7FFFFFFF], word_order = "high_first", decimals = 2)", -1e6, 1e6,
            0.01},
           {R"(type = "u32", no_data = "none", word_order = "low_first", byte_order = "little")", 0, 4e9, 1},
           {R"(type = "i64", no_data = "none", word_order = "high_first")", -1e12, 1e12, 1},
           {R"(type = "u64", no_data = "none", word_order = "low_first", scale = "1/10", decimals = 1)", 0,
            1e9, 0.1},
           {R"(type = "f32", word_order = "high_first", decimals = 2)", -500, 500, 0.01},
           {R"(type = "f64", word_order = "low_first", decimals = 3, scale = "5/9", offset = "-160/9")", -40,
            200, 0.001},
           {R"(type = "i16", no_data = "none", decimals = 1, scale = "5/9", offset = "-160/9")", -40, 200,
            0.6},
           {R"(type = "bcd", digits = 4, decimals = 1)", 0, 900, 0.1},
           {R"(type = "bcd", digits = 8, word_order = "high_first")", 0, 9e7, 1},
           {R"(type = "u16", mask = 0x0FF0, no_data = "none")", 0, 255, 1},
           {R"(type = "i16", mask = 0xFFC0, no_data = "none", byte_order = "little")", -500, 500, 1},
           {R"(type = "enum", codes = "t", mask = 0x00F0)", 0, 15, 1},
           {R"(type = "bitfield", length = 2, word_order = "high_first")", 0, 4e9, 1}}) {
    const auto map = one_field(one.keys);
    RegisterBank bank(*map);
    std::uniform_real_distribution<double> value(one.low, one.high);
    for (int attempt = 0; attempt < 1'000; ++attempt) {
      const double wanted = std::round(value(random) / one.step) * one.step;
      bank.set(map->fields[0], wanted);
      const auto found = decoded(*map, bank);
      ASSERT_TRUE(found) << one.keys << " " << wanted;
      ASSERT_NEAR(*found, wanted, one.step * 0.51) << one.keys;
    }
  }
}

TEST(NumberEncoder, nan_is_no_data_where_there_is_such_a_raw_value) {
  for (const char* keys :
       {R"(type = "u16", no_data = [0xFFFF])", R"(type = "f32", word_order = "high_first", decimals = 1)",
        R"(type = "bcd", digits = 4)",
        R"(type = "u32", no_data = [[0xFFFFFFF8, 0xFFFFFFFF]], word_order = "high_first")"}) {
    const auto map = one_field(keys);
    RegisterBank bank(*map);
    bank.set(map->fields[0], 7);
    EXPECT_TRUE(decoded(*map, bank)) << keys;
    bank.set(map->fields[0], not_connected);
    EXPECT_FALSE(decoded(*map, bank)) << keys;
  }
}

TEST(NumberEncoder, a_value_is_never_no_data) {
  const auto map = one_field(R"(type = "u16", no_data = [[0xFFF8, 0xFFFF]])");
  RegisterBank bank(*map);
  bank.set(map->fields[0], 1e9);
  EXPECT_EQ(decoded(*map, bank), 0xFFF7);
}

TEST(NumberEncoder, bits_outside_of_a_mask_stay) {
  const auto map = one_field(R"(type = "u16", mask = 0x00F0, no_data = "none")");
  RegisterBank bank(*map);
  bank.put({modbus::Function::input_registers, 2}, 0xABCD);
  bank.set(map->fields[0], 5);
  EXPECT_EQ(bank.at({modbus::Function::input_registers, 2}), 0xAB5D);
}

}  // namespace
}  // namespace gensetd::simulator
