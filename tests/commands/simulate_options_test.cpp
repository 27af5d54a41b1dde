#include "commands/simulate_command.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace gensetd::commands {
namespace {

using std::chrono::milliseconds;

// What plant_of() says against these options; empty when it takes them.
std::string refusal(const SimulateOptions& options) {
  try {
    plant_of(options);
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

TEST(SimulateOptions, defaults_are_the_demonstration_plant_without_faults) {
  const simulator::SimulatorOptions plant = plant_of({});
  EXPECT_EQ(plant.servers.size(), 6U);
  EXPECT_FALSE(plant.pattern);
  for (const simulator::ModbusServerOptions& place : plant.servers) {
    EXPECT_EQ(place.faults.silence + place.faults.late + place.faults.lookalike, 0);
    EXPECT_EQ(place.outage.lasting.count(), 0);
    EXPECT_EQ(place.limits.registers_max, 125);
    EXPECT_FALSE(place.foreign_master);
    EXPECT_EQ(place.clients_max, 0U);
  }
}

TEST(SimulateOptions, profiles_alternate_behind_one_port) {
  const simulator::SimulatorOptions plant = plant_of({.port = 0,
                                                      .devices = 4,
                                                      .one_port = true,
                                                      .profiles = {"hgm9520n", "hgm9520n", "hgm9560"},
                                                      .protocol = "rtu_over_tcp"});
  ASSERT_EQ(plant.servers.size(), 1U);
  EXPECT_TRUE(plant.servers[0].serial_pacing);
  std::vector<std::string> names;
  for (const auto& controller : plant.servers[0].controllers) names.push_back(controller.profile->name);
  EXPECT_EQ(names, (std::vector<std::string>{"hgm9520n", "hgm9520n", "hgm9560", "hgm9520n"}));
}

TEST(SimulateOptions, profiles_of_a_directory_are_known) {
  const std::string directory = testing::TempDir() + "simulate_options_maps";
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/mine.toml") << "name = \"mine\"\nextends = \"hgm9520n\"\n";
  const SimulateOptions known{.port = 0, .devices = 1, .profiles = {"mine"}, .profiles_directory = directory};
  EXPECT_EQ(plant_of(known).servers.at(0).controllers.at(0).profile->name, "mine");
  EXPECT_EQ(refusal({.port = 0, .devices = 1, .profiles = {"mine"}}),
            "--profile: 'mine' is not a profile; `gensetd profiles` lists them");
  std::filesystem::remove_all(directory);
}

TEST(SimulateOptions, every_option_reaches_the_plant) {
  SimulateOptions options{.devices = 1, .pattern = true, .packing_ms = 50, .clients_max = 1};
  options.foreign_master = "seen";
  options.dead_units = {2, 5};
  options.merge_limit = 17;
  options.unknown = {"65:10"};
  options.refuse = "exception";
  options.outage_every_seconds = 10;
  options.outage_for_seconds = 1.5;
  options.faults.doubled = 0.5;
  options.late_spread_ms = 70;
  options.doubled_by_ms = 80;
  options.lookalike_place = "before";
  const simulator::SimulatorOptions plant = plant_of(options);
  EXPECT_TRUE(plant.pattern);
  const simulator::ModbusServerOptions& place = plant.servers.at(0);
  EXPECT_EQ(place.packing, milliseconds{50});
  EXPECT_EQ(place.clients_max, 1U);
  ASSERT_TRUE(place.foreign_master);
  EXPECT_TRUE(place.foreign_master->requests_visible);
  EXPECT_EQ(place.foreign_master->blocks.size(), 9U);
  EXPECT_EQ(place.dead_units, (std::vector<std::uint8_t>{2, 5}));
  EXPECT_EQ(place.limits.registers_max, 17);
  ASSERT_EQ(place.limits.unknown.size(), 1U);
  EXPECT_EQ(place.limits.unknown[0].first, 65);
  EXPECT_EQ(place.limits.unknown[0].count, 10);
  EXPECT_FALSE(place.limits.refuses_silently);
  EXPECT_EQ(place.outage.period, milliseconds{10'000});
  EXPECT_EQ(place.outage.lasting, milliseconds{1'500});
  EXPECT_EQ(place.faults.doubled, 0.5);
  EXPECT_EQ(place.faults.late_spread, milliseconds{70});
  EXPECT_EQ(place.faults.doubled_by, milliseconds{80});
  EXPECT_EQ(place.faults.lookalike_position, simulator::LookalikePosition::before);
}

TEST(SimulateOptions, invalid_options_are_named_with_their_value_and_what_is_allowed) {
  struct Row {
    SimulateOptions options;
    std::string expected;
  };
  const Row rows[] = {
      {{.address = "nowhere"}, "--address: 'nowhere' is not an IP address"},
      {{.devices = 1, .profiles = {"x"}}, "--profile: 'x' is not a profile; `gensetd profiles` lists them"},
      {{.devices = 1, .protocol = "udp"}, "--protocol: 'udp' is neither tcp nor rtu_over_tcp"},
      {{.packing_ms = -1}, "--packing-ms: -1 is out of range; give 0 to 1000"},
      {{.foreign_master = "some"}, "--foreign-master: 'some' is not allowed; give one of none, hidden, seen"},
      {{.dead_units = {256}}, "--dead-units: 256 is out of range; give 0 to 255"},
      {{.merge_limit = 0}, "--merge-limit: 0 is out of range; give 1 to 125"},
      {{.unknown = {"1:0"}}, "--unknown: '1:0' is not a range; give [TABLE/]ADDR:COUNT"},
      {{.refuse = "no"}, "--refuse: 'no' is not allowed; give one of silence, exception"},
      {{.outage_every_seconds = 5, .outage_for_seconds = 6}, "--outage-for: 6 is out of range; give 0 to 5"},
      {{.faults = {.late = 1.5}}, "--late: 1.5 is out of range; give 0 to 1"},
      {{.late_by_ms = 60'001}, "--late-by-ms: 60001 is out of range; give 0 to 60000"},
      {{.lookalike_place = "here"},
       "--lookalike-place: 'here' is not allowed; give one of anywhere, before, after, instead"},
  };
  for (const Row& row : rows) EXPECT_EQ(refusal(row.options), row.expected);
}

}  // namespace
}  // namespace gensetd::commands
