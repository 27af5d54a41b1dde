#include "simulator/plant.hpp"

#include "simulator/plant_time.hpp"
#include "simulator/simulator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <utility>

namespace gensetd::simulator {
namespace {

constexpr int steps_per_minute = static_cast<int>(60 / step_seconds);

// A demo plant that is stepped by hand. Values are whole counts, as they stand in the registers.
class PlantTest : public testing::Test {
 protected:
  static constexpr std::size_t switchboard = 2;  // of the first site; its gensets are 0 and 1

  explicit PlantTest(std::uint64_t seed = 1) : plant(demo_plant(catalog, 0, seed).servers, seed) {}

  std::int64_t word(std::size_t device, std::uint16_t address) {
    return static_cast<std::int16_t>(plant.registers(device, 0).at(modbus::holding_register(address)));
  }
  std::int64_t pair(std::size_t device, std::uint16_t address) {
    const RegisterBank& bank = plant.registers(device, 0);
    const auto high =
        std::uint32_t{bank.at(modbus::holding_register(static_cast<std::uint16_t>(address + 1)))} << 16;
    return static_cast<std::int32_t>(high | bank.at(modbus::holding_register(address)));
  }
  std::int64_t genset_status(std::size_t device) { return word(device, 260); }

  const profile::Catalog catalog = profile::Catalog::built_in();
  Plant plant;
};

std::vector<std::uint16_t> history(std::uint64_t seed) {
  Plant plant(demo_plant(profile::Catalog::built_in(), 0, seed).servers, seed);
  std::vector<std::uint16_t> all;
  for (int step = 0; step < 5 * steps_per_minute; ++step) {
    plant.step();
    if (step % 10 != 0) continue;
    for (std::size_t device = 0; device < 6; ++device) {
      for (std::uint16_t address = 0; address < 520; ++address)
        all.push_back(plant.registers(device, 0).at(modbus::holding_register(address)));
    }
  }
  return all;
}

TEST_F(PlantTest, same_seed_has_the_same_register_history_and_another_seed_another) {
  const std::vector<std::uint16_t> once = history(7);
  EXPECT_TRUE(once == history(7));
  EXPECT_FALSE(once == history(8));
}

TEST_F(PlantTest, asking_does_not_change_the_history) {
  Plant unread(demo_plant(catalog, 0, 1).servers, 1);
  for (int step = 0; step < steps_per_minute; ++step) {
    plant.step();
    unread.step();
    plant.registers(0, 0);
    plant.registers(0, 0);
  }
  for (std::uint16_t address = 0; address < 520; ++address) {
    EXPECT_EQ(plant.registers(0, 0).at(modbus::holding_register(address)),
              unread.registers(0, 0).at(modbus::holding_register(address)))
        << address;
  }
}

TEST_F(PlantTest, first_set_runs_and_second_starts_within_a_minute) {
  plant.step();
  EXPECT_EQ(genset_status(0), 9);
  EXPECT_EQ(genset_status(1), 0);
  std::set<std::int64_t> seen;
  std::set<std::int64_t> powers;
  for (int step = 0; step < steps_per_minute; ++step) {
    plant.step();
    seen.insert(genset_status(1));
    powers.insert(pair(0, 180));
  }
  EXPECT_GE(seen.size(), 5U);
  EXPECT_GE(powers.size(), 20U) << "the load stands still";
}

TEST_F(PlantTest, busbar_power_is_the_sum_of_the_sets_of_its_site) {
  std::int64_t most = 0;
  for (int step = 0; step < 10 * steps_per_minute; ++step) {
    plant.step();
    const std::int64_t sum = pair(0, 180) + pair(1, 180);
    ASSERT_NEAR(static_cast<double>(pair(switchboard, 182)), static_cast<double>(sum), 2) << "step " << step;
    most = std::max(most, sum);
  }
  EXPECT_GT(most, 3'000) << "two sets carried more than one alone could";
}

TEST_F(PlantTest, mains_fail_and_come_back_through_the_switch_codes) {
  std::set<std::int64_t> mains;
  std::set<std::int64_t> mains_switch;
  bool island_carried = false;
  bool was_open = false;
  for (int step = 0; step < 15 * steps_per_minute; ++step) {
    plant.step();
    mains.insert(word(switchboard, 195));
    mains_switch.insert(word(switchboard, 197));
    const bool is_open = word(switchboard, 197) == 7;
    const bool seen_open_by_gensets = std::exchange(was_open, is_open);  // they see it one step later
    if (!is_open || !seen_open_by_gensets) continue;
    EXPECT_EQ(pair(switchboard, 109), 0) << "an open switch carries no power";
    EXPECT_EQ(word(0, 114) & 2, 0) << "no load on the mains";
    if (pair(switchboard, 182) > 2'500) island_carried = true;
  }
  EXPECT_EQ(mains, (std::set<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(mains_switch, (std::set<std::int64_t>{0, 1, 2, 3, 5, 6, 7}));
  EXPECT_TRUE(island_carried);
}

TEST_F(PlantTest, switchboard_values_are_plausible) {
  for (int step = 0; step < 10 * steps_per_minute; ++step) {
    plant.step();
    ASSERT_NEAR(static_cast<double>(word(switchboard, 75)), 398, 8);     // busbar_uab
    ASSERT_NEAR(static_cast<double>(word(switchboard, 78)), 230, 5);     // busbar_ua
    ASSERT_NEAR(static_cast<double>(word(switchboard, 84)), 5'000, 30);  // busbar_freq
    const double kva =
        std::hypot(static_cast<double>(pair(switchboard, 182)), static_cast<double>(pair(switchboard, 184))) /
        10;
    const double volts = static_cast<double>(word(switchboard, 75));
    ASSERT_NEAR(static_cast<double>(word(switchboard, 134)) / 10, kva * 1'000 / volts / std::sqrt(3),
                kva * 0.02 + 1);
  }
}

TEST_F(PlantTest, switchboard_counts_the_energy_of_its_sets) {
  plant.step();
  const std::int64_t before = pair(switchboard, 203);
  double tenths_kwh = 0;
  for (int step = 0; step < 5 * steps_per_minute; ++step) {
    plant.step();
    tenths_kwh += static_cast<double>(pair(switchboard, 182)) * step_seconds / 3'600;
  }
  EXPECT_NEAR(static_cast<double>(pair(switchboard, 203) - before), tenths_kwh, 1.5);
}

TEST_F(PlantTest, sensor_that_is_not_connected_reads_32766) {
  plant.step();
  EXPECT_EQ(plant.registers(0, 0).at(modbus::holding_register(236)), 32'766);
}

TEST_F(PlantTest, lost_oil_pressure_shuts_a_genset_down_with_its_alarm_bits) {
  constexpr std::uint16_t oil_pressure = 222;
  plant.fail_oil_pump_at(100);
  for (int step = 0; step < 99; ++step) plant.step();
  EXPECT_GT(word(0, oil_pressure), 100);
  EXPECT_EQ(word(0, 0) & 2, 0);
  for (int step = 0; step < 2 * steps_per_minute; ++step) plant.step();
  EXPECT_EQ(word(0, oil_pressure), 0);
  EXPECT_EQ(word(0, 0) & 3, 3);    // common alarm and shutdown
  EXPECT_EQ(word(0, 2), 1 << 13);  // the point shutdown.low_oil_pressure
  EXPECT_EQ(genset_status(0), 0);  // it does not start again
  EXPECT_EQ(word(1, 2), 0);
}

TEST_F(PlantTest, every_field_of_the_profiles_is_simulated) {
  for (const char* name : {"hgm9520n", "hgm9560"}) {
    for (const profile::Field& field : catalog.find(name)->fields) {
      const auto named = [&](const auto& quantity) { return quantity.name == field.name; };
      const bool known =
          catalog.find(name)->device_type == profile::DeviceType::generator
              ? std::any_of(genset_quantities.begin(), genset_quantities.end(), named)
              : std::any_of(switchboard_quantities.begin(), switchboard_quantities.end(), named);
      EXPECT_TRUE(known) << name << " " << field.name;
    }
  }
}

TEST_F(PlantTest, pinned_register_stays) {
  plant.pin(0, 0, 260, 15);
  plant.step();
  EXPECT_EQ(genset_status(0), 15);
}

}  // namespace
}  // namespace gensetd::simulator
