#include "link/last_values.hpp"

#include <gtest/gtest.h>

namespace gensetd::link {
namespace {

const modbus::ReadRequest some_registers{.function = modbus::Function::holding_registers};

RegisterBytes bytes_of(const std::vector<int>& registers) {
  RegisterBytes bytes;
  for (const int value : registers) {
    bytes.push_back(static_cast<std::uint8_t>((value >> 8) & 0xFF));
    bytes.push_back(static_cast<std::uint8_t>(value & 0xFF));
  }
  return bytes;
}

TEST(LastValues, what_carries_on_and_what_does_not) {
  struct Row {
    const char* name;
    std::vector<int> before;
    std::vector<int> now;
    bool carries;
  };
  const std::vector<Row> rows{
      {"nothing changed", {400, 400, 231, 1}, {400, 400, 231, 1}, true},
      {"noise", {400, 402, 231, 5}, {401, 399, 230, 0}, true},
      {"noise around zero, either sign", {0, -10, 5, 0}, {-12, 8, 0, 0}, true},
      {"one of eight has jumped",
       {400, 400, 400, 231, 231, 231, 0, 9},
       {400, 400, 400, 231, 231, 500, 0, 9},
       false},
      {"one of nine has jumped",
       {400, 400, 400, 231, 231, 231, 0, 9, 7},
       {400, 400, 400, 231, 231, 500, 0, 9, 7},
       true},
      {"an engine starts", {0, 0, 0}, {400, 400, 231}, false},
      {"other registers", {400, 401, 399, 231, 230, 232}, {13, 0, 5'000, 0x0209, 0, 32'766}, false},
      {"a quarter of the value and twenty", {1'000, 1'000, 1'000, 0}, {1'270, 1'270, 1'270, 0}, true},
      {"one more", {1'000, 1'000, 1'000, 0}, {1'271, 1'271, 1'271, 0}, false},
      {"three that changed by twenty", {1'000, 0, 1}, {1'000, 20, 2}, true},
      {"three of which one changed by more", {1'000, 0, 1}, {1'000, 21, 2}, false},
      {"another length", {1, 2, 3}, {1, 2}, false},
  };
  for (const Row& row : rows)
    EXPECT_EQ(continues(some_registers, bytes_of(row.before), bytes_of(row.now)), row.carries) << row.name;
}

// Bits that begin at a byte, the first one lowest.
TEST(LastValues, bits_continue_only_if_all_are_equal) {
  const modbus::ReadRequest coils{.unit_id = 1, .function = modbus::Function::coils, .first = 8, .count = 18};
  const RegisterBytes before{0x21, 0x43, 0x01};
  LastValues values;
  EXPECT_FALSE(values.continues(coils, before));
  values.remember(coils, before);
  EXPECT_TRUE(values.continues(coils, before));
  EXPECT_TRUE(values.continues(coils, RegisterBytes{0x21, 0x43, 0xFD}))
      << "bits behind the wanted ones differ";
  EXPECT_FALSE(values.continues(
      {.unit_id = 1, .function = modbus::Function::discrete_inputs, .first = 8, .count = 18}, before));
  const auto bit_of = [&](unsigned address, bool set) {
    return values.continues({.unit_id = 1,
                             .function = modbus::Function::coils,
                             .first = static_cast<std::uint16_t>(address),
                             .count = 1},
                            RegisterBytes{static_cast<std::uint8_t>(set ? 1 : 0)});
  };
  for (unsigned index = 0; index < coils.count; ++index) {
    RegisterBytes changed = before;
    changed[index / 8] = static_cast<std::uint8_t>(changed[index / 8] ^ 1U << index % 8);
    EXPECT_FALSE(values.continues(coils, changed)) << index;
    EXPECT_FALSE(continues(coils, before, changed)) << index;
    EXPECT_FALSE(agree(coils, before, changed)) << index;
    const bool is_set = (before[index / 8] >> index % 8 & 1) != 0;
    EXPECT_TRUE(bit_of(8 + index, is_set)) << index;
    EXPECT_FALSE(bit_of(8 + index, !is_set)) << index;
  }
  EXPECT_TRUE(continues(coils, before, RegisterBytes{0x21, 0x43, 0xFD}));
  EXPECT_FALSE(continues(coils, before, RegisterBytes{0x21, 0x43}));
}

TEST(LastValues, are_known_by_unit_function_and_address_whatever_range_they_came_in) {
  LastValues values;
  const auto three = bytes_of({400, 401, 402});
  const modbus::ReadRequest read{
      .unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3};
  EXPECT_FALSE(values.continues(read, three));
  values.remember(read, three);
  EXPECT_TRUE(values.continues(read, three));
  EXPECT_TRUE(values.continues(
      {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 56, .count = 2},
      bytes_of({401, 402})));
  EXPECT_FALSE(values.continues(
      {.unit_id = 2, .function = modbus::Function::holding_registers, .first = 55, .count = 3}, three));
  EXPECT_FALSE(values.continues(
      {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 58, .count = 3}, three));
  EXPECT_FALSE(values.continues(
      {.unit_id = 1, .function = modbus::Function::input_registers, .first = 55, .count = 3}, three));
}

TEST(LastValues, few_registers_must_be_the_same) {
  LastValues values;
  values.remember({.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 4},
                  bytes_of({0x0200, 0, 7, 7}));
  EXPECT_TRUE(values.continues(
      {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 4},
      bytes_of({0x0201, 0, 8, 7})));
  EXPECT_TRUE(values.continues(
      {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 3},
      bytes_of({0x0200, 0, 7})));
  EXPECT_FALSE(values.continues(
      {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 3},
      bytes_of({0x0201, 0, 7})));
}

TEST(LastValues, do_not_grow_for_ever) {
  LastValues values;
  for (unsigned unit = 1; unit <= 3; ++unit) {
    for (unsigned first = 0; first + 100 <= 65'500; first += 100) {
      const modbus::ReadRequest read{.unit_id = static_cast<std::uint8_t>(unit),
                                     .function = modbus::Function::holding_registers,
                                     .first = static_cast<std::uint16_t>(first),
                                     .count = 100};
      values.remember(read, RegisterBytes(200, 1));
    }
  }
  EXPECT_TRUE(values.continues(
      {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 100},
      RegisterBytes(200, 1)));
  EXPECT_FALSE(values.continues(
      {.unit_id = 3, .function = modbus::Function::holding_registers, .first = 65'000, .count = 100},
      RegisterBytes(200, 1)));
}

}  // namespace
}  // namespace gensetd::link
