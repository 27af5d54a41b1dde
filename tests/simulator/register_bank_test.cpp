#include "simulator/register_bank.hpp"

#include "modbus/big_endian.hpp"
#include "profile/catalog.hpp"
#include "profile/decode.hpp"
#include "simulator/quantity.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gensetd::simulator {
namespace {

using profile::Field;
using profile::Type;
using profile::Value;

// What a reader of the bank decodes.
std::vector<Value> decode(const profile::Profile& profile, const RegisterBank& bank) {
  std::vector<Value> values(profile.fields.size());
  for (std::size_t block = 0; block < profile.blocks.size(); ++block) {
    std::vector<std::uint8_t> bytes;
    for (unsigned index = 0; index < profile.blocks[block].count; ++index) {
      const std::uint16_t raw = bank.at(
          modbus::holding_register(static_cast<std::uint16_t>(profile.blocks[block].address + index)));
      bytes.push_back(modbus::high_byte(raw));
      bytes.push_back(modbus::low_byte(raw));
    }
    profile::decode_block(profile, block, profile::fields_of_block(profile, block),
                          {.first = profile.blocks[block].address, .bytes = bytes}, values);
  }
  return values;
}

class RegisterBankTest : public testing::TestWithParam<const char*> {
 protected:
  const profile::ProfilePtr profile = profile::Catalog::built_in().find(GetParam());
  RegisterBank bank{*profile};
};

// Counts worth trying: both ends of what each type and rule allow, and around 0.
constexpr std::array<std::int64_t, 16> counts{
    0, 1, -1, 99, 100, 150, -50, 200, 9'999, 31'999, 32'767, -32'768, 65'535, 70'000, -70'000, 3'985'000};

bool fits(const Field& field, std::int64_t count) {
  if ((field.raw_min && count < *field.raw_min) || (field.raw_max && count > *field.raw_max)) return false;
  if (field.no_data == profile::NoData::from_32000 && count > 31'999) return false;
  switch (field.type) {
    case Type::u16:
      return count >= 0 && count <= 65'535;
    case Type::i16:
      return count >= -32'768 && count <= 32'767;
    case Type::u32:
      return count >= 0;
    case Type::i32:
      return true;
    case Type::bit:
      return count == 0 || count == 1;
    default:  // the simulator has the built-in maps only
      return false;
  }
}

TEST_P(RegisterBankTest, decoding_gives_back_what_was_set) {
  for (std::size_t index = 0; index < profile->fields.size(); ++index) {
    const Field& field = profile->fields[index];
    for (const std::int64_t count : counts) {
      if (!fits(field, count)) continue;
      bank.set(field, static_cast<double>(count) / std::pow(10, field.decimals));
      EXPECT_EQ(decode(*profile, bank)[index], Value(count)) << field.name;
    }
  }
}

TEST_P(RegisterBankTest, setting_one_field_leaves_the_others) {
  for (const Field& field : profile->fields) bank.set(field, 1);
  const std::vector<Value> before = decode(*profile, bank);
  for (std::size_t index = 0; index < profile->fields.size(); ++index) {
    bank.set(profile->fields[index], 0);
    std::vector<Value> expected = before;
    expected[index] = 0;
    EXPECT_EQ(decode(*profile, bank), expected) << profile->fields[index].name;
    bank.set(profile->fields[index], 1);
  }
}

TEST_P(RegisterBankTest, value_out_of_range_is_shown_as_the_nearest_and_never_as_no_data) {
  for (const double value : {1e12, -1e12}) {
    for (const Field& field : profile->fields) bank.set(field, value);
    const std::vector<Value> values = decode(*profile, bank);
    for (std::size_t index = 0; index < values.size(); ++index) {
      EXPECT_TRUE(values[index].has_value()) << profile->fields[index].name;
    }
  }
}

TEST_P(RegisterBankTest, not_connected_decodes_as_no_data_where_the_field_can_say_so) {
  for (const Field& field : profile->fields) bank.set(field, 1);
  for (const Field& field : profile->fields) bank.set(field, not_connected);
  const std::vector<Value> values = decode(*profile, bank);
  for (std::size_t index = 0; index < values.size(); ++index) {
    const Field& field = profile->fields[index];
    const Value expected = field.no_data == profile::NoData::none ? Value(0) : Value();
    EXPECT_EQ(values[index], expected) << field.name;
  }
}

TEST_P(RegisterBankTest, pinned_register_is_not_set_any_more) {
  const Field& field = profile->fields.back();
  bank.pin(modbus::holding_register(field.address), 77);
  bank.set(field, 5);
  EXPECT_EQ(bank.at(modbus::holding_register(field.address)), 77);
}

INSTANTIATE_TEST_SUITE_P(Profiles, RegisterBankTest, testing::Values("hgm9520n", "hgm9560"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace gensetd::simulator
