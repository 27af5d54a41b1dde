#include "simulator/binding.hpp"

#include "profile/catalog.hpp"
#include "simulator/genset_readings.hpp"
#include "simulator/switchboard_readings.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gensetd::simulator {
namespace {

// A controller with names and codes of its own.
constexpr const char* other_controller = R"(
format = 2
name = "other"
title = { en = "Other", ru = "Другой" }
device_type = "generator"
protocol = "tcp"
probe_address = 0
no_data = { u16 = [0xFFFF] }
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
blocks = [{ name = "b", address = 0, count = 12 }, { name = "c", table = "coils", address = 0, count = 4 }]
fields = [
  { name = "l1", address = 0, type = "u16", decimals = 1, unit = "V", role = "generator.voltage.a", group = "g", label = { en = "1", ru = "1" } },
  { name = "hz", address = 1, type = "u16", decimals = 2, unit = "Hz", role = "generator.frequency", group = "g", label = { en = "2", ru = "2" } },
  { name = "engine", address = 2, type = "u16", codes = "engine", role = "engine.state", group = "g", label = { en = "3", ru = "3" } },
  { name = "mode", address = 3, type = "u16", codes = "modes", role = "mode", group = "g", label = { en = "4", ru = "4" } },
  { name = "breaker", address = 4, type = "u16", codes = "breaker", role = "breaker.generator.state", group = "g", label = { en = "5", ru = "5" } },
  { name = "tank", address = 5, type = "u16", unit = "L", group = "g", label = { en = "6", ru = "6" } },
  { name = "fuel_level", address = 6, type = "u16", unit = "L", group = "g", label = { en = "7", ru = "7" } },
  { name = "mains_ok", table = "coils", address = 0, type = "bit", role = "mains.normal", group = "g", label = { en = "8", ru = "8" } },
  { name = "on_mains", table = "coils", address = 1, type = "bit", role = "breaker.mains.closed", group = "g", label = { en = "9", ru = "9" } },
]
[[code_tables]]
name = "engine"
codes = [
  { value = 3, key = "stopped", means = "stopped", label = { en = "a", ru = "а" } },
  { value = 4, key = "slow", means = "running", label = { en = "b", ru = "б" } },
  { value = 9, key = "on_load", means = "running", label = { en = "c", ru = "в" } },
  { value = 14, key = "odd", label = { en = "d", ru = "г" } },
]
[[code_tables]]
name = "modes"
codes = [
  { value = 1, key = "auto", means = "auto", label = { en = "a", ru = "а" } },
  { value = 2, key = "manual", means = "manual", label = { en = "b", ru = "б" } },
  { value = 7, key = "off", means = "stop", label = { en = "c", ru = "в" } },
]
[[code_tables]]
name = "breaker"
codes = [
  { value = 1, key = "open", means = "open", label = { en = "a", ru = "а" } },
  { value = 2, key = "closed", means = "closed", label = { en = "b", ru = "б" } },
]
)";

class OtherController : public testing::Test {
 protected:
  void write(const GensetReadings& readings) {
    Binding<GensetReadings>{*map, genset_quantities}.write(readings, bank);
  }
  void write(const SwitchboardReadings& readings) {
    Binding<SwitchboardReadings>{*map, switchboard_quantities}.write(readings, bank);
  }
  int at(std::uint16_t address) const { return bank.at(modbus::holding_register(address)); }
  int coil(std::uint16_t address) const { return bank.at({modbus::Function::coils, address}); }

  const profile::ProfilePtr map = profile::Catalog::built_in().parse(other_controller, "other.toml");
  RegisterBank bank{*map};
};

TEST_F(OtherController, a_quantity_is_written_to_the_field_with_its_role) {
  write(GensetReadings{.gen_ua = 231.4, .gen_freq = 50.02});
  EXPECT_EQ(at(0), 2'314);
  EXPECT_EQ(at(1), 5'002);
}

TEST_F(OtherController, a_field_with_the_name_alone_is_written_too_and_one_with_neither_has_no_data) {
  write(GensetReadings{.fuel_level = 61});
  EXPECT_EQ(at(6), 61);
  EXPECT_EQ(at(5), 0xFFFF);
}

TEST_F(OtherController, codes_are_translated_by_what_they_mean) {
  // 0 standby to 15 stop failure of the HGM9520N. Starting and stopping have no code: the engine does not
  // run.
  const std::vector<int> expected{3, 3, 3, 3, 3, 4, 4, 4, 4, 9, 4, 4, 3, 3, 3, 3};
  for (std::size_t status = 0; status < expected.size(); ++status) {
    write(GensetReadings{.gen_status = static_cast<double>(status)});
    EXPECT_EQ(at(2), expected[status]) << status;
  }
}

TEST_F(OtherController, bits_become_a_code) {
  write(GensetReadings{.mode_auto = 1});
  EXPECT_EQ(at(3), 1);
  write(GensetReadings{.mode_stop = 1, .gen_closed = 1});
  EXPECT_EQ(at(3), 7);
  EXPECT_EQ(at(4), 2);
  write(GensetReadings{.mode_test = 1});  // it has no such mode
  EXPECT_EQ(at(3), 7);
  EXPECT_EQ(at(4), 1);
}

TEST_F(OtherController, a_code_becomes_a_bit) {
  const std::vector<int> conducts{0, 0, 0, 1, 1, 1, 1, 0};  // synchronising to open of the HGM9560
  for (std::size_t status = 0; status < conducts.size(); ++status) {
    write(SwitchboardReadings{.mains_status = static_cast<double>(status % 4),
                              .mains_switch = static_cast<double>(status)});
    EXPECT_EQ(coil(1), conducts[status]) << status;
    EXPECT_EQ(coil(0), status % 4 < 2 ? 1 : 0) << status;
  }
}

TEST(Binding, the_simulated_controller_keeps_its_codes) {
  const auto genset = profile::Catalog::built_in().find("hgm9520n");
  RegisterBank bank(*genset);
  for (int status = 0; status < 16; ++status) {
    Binding<GensetReadings>{*genset, genset_quantities}.write(
        GensetReadings{.gen_status = static_cast<double>(status)}, bank);
    EXPECT_EQ(bank.at(modbus::holding_register(260)), status);
  }
}

// A map of format 1 without texts, as before roles.
TEST(Binding, codes_stay_where_nothing_is_known_of_the_field) {
  const auto map = profile::Catalog::built_in().parse(R"(
name = "plain"
title = { en = "Plain", ru = "Простой" }
device_type = "generator"
protocol = "tcp"
probe_address = 0
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
blocks = [{ name = "b", address = 0, count = 1 }]
code_tables = []
fields = [{ name = "gen_status", address = 0, type = "u16", group = "g", label = { en = "1", ru = "1" } }]
)",
                                                      "plain.toml");
  RegisterBank bank(*map);
  Binding<GensetReadings>{*map, genset_quantities}.write(GensetReadings{.gen_status = 11}, bank);
  EXPECT_EQ(bank.at(modbus::holding_register(0)), 11);
}

TEST(RegisterBankIdentity, has_the_first_allowed_value_of_each_register) {
  std::string text{other_controller};
  text.insert(text.find("groups ="), R"(
identity = [
  { address = 2000, type = "u16", equals = [7, 8] },
  { table = "input", address = 70, type = "text", length = 3, word_order = "high_first", equals = ["AGC1", "B"] },
  { table = "input", address = 80, type = "text", length = 2, word_order = "low_first", byte_order = "little", begins_with = "XYZ" },
]
)");
  const RegisterBank bank(*profile::Catalog::built_in().parse(text, "other.toml"));
  const auto input = [&](std::uint16_t address) {
    return bank.at({modbus::Function::input_registers, address});
  };
  EXPECT_EQ(bank.at(modbus::holding_register(2000)), 7);
  EXPECT_EQ(input(70), 'A' << 8 | 'G');
  EXPECT_EQ(input(71), 'C' << 8 | '1');
  EXPECT_EQ(input(72), 0);
  EXPECT_EQ(input(80), 'Z');
  EXPECT_EQ(input(81), 'Y' << 8 | 'X');
}

}  // namespace
}  // namespace gensetd::simulator
