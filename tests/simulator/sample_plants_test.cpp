#include "simulator/simulator.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gensetd::simulator {
namespace {

const profile::Catalog& catalog() {
  static const profile::Catalog built_in = profile::Catalog::built_in();
  return built_in;
}

TEST(SamplePlants, demo_plant_has_two_sites_with_two_gensets_and_a_paced_switchboard) {
  const SimulatorOptions options = demo_plant(catalog(), 15'020, 4);
  EXPECT_EQ(options.seed, 4U);
  std::vector<std::uint16_t> ports;
  for (const ModbusServerOptions& place : options.servers) {
    ports.push_back(place.port);
    ASSERT_EQ(place.controllers.size(), 1U);
    const bool switchboard = place.controllers[0].profile->name == "hgm9560";
    EXPECT_EQ(place.protocol, switchboard ? modbus::Protocol::rtu_over_tcp : modbus::Protocol::tcp);
    EXPECT_EQ(place.serial_pacing, switchboard);
    EXPECT_EQ(place.address, "127.0.0.1");
  }
  EXPECT_EQ(ports, (std::vector<std::uint16_t>{15'020, 15'021, 15'022, 15'030, 15'031, 15'032}));
  EXPECT_EQ(options.servers[2].controllers[0].site, "MKZ");
  EXPECT_EQ(options.servers[2].controllers[0].profile->name, "hgm9560");
  EXPECT_EQ(options.servers[3].controllers[0].site, "YKZ");
}

TEST(SamplePlants, many_have_a_port_each) {
  const SimulatorOptions options = many_gensets(catalog(), 300, 20'000, false, 1);
  ASSERT_EQ(options.servers.size(), 300U);
  EXPECT_EQ(options.servers[299].port, 20'299);
  EXPECT_EQ(options.servers[299].controllers.at(0).unit_id, 1);
}

TEST(SamplePlants, many_behind_one_port_have_unit_ids_up_to_247_and_then_the_next_port) {
  const SimulatorOptions options = many_gensets(catalog(), 250, 20'000, true, 1);
  ASSERT_EQ(options.servers.size(), 2U);
  EXPECT_EQ(options.servers[0].controllers.size(), 247U);
  EXPECT_EQ(options.servers[0].controllers[246].unit_id, 247);
  EXPECT_EQ(options.servers[1].controllers.size(), 3U);
  EXPECT_EQ(options.servers[1].controllers[0].unit_id, 1);
  EXPECT_EQ(options.servers[1].port, 20'001);
}

TEST(SamplePlants, ports_beyond_the_last_are_refused_and_port_0_means_any) {
  EXPECT_THROW(many_gensets(catalog(), 10, 65'530, false, 1), std::runtime_error);
  EXPECT_NO_THROW(many_gensets(catalog(), 6, 65'530, false, 1));
  EXPECT_THROW(demo_plant(catalog(), 65'530, 1), std::runtime_error);
  EXPECT_EQ(many_gensets(catalog(), 3, 0, false, 1).servers[2].port, 0);
}

}  // namespace
}  // namespace gensetd::simulator
