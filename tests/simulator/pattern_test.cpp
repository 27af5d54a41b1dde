#include "simulator/pattern.hpp"

#include "profile/catalog.hpp"
#include "simulator/plant.hpp"

#include <gtest/gtest.h>

namespace gensetd::simulator {
namespace {

using std::chrono::milliseconds;

TEST(Pattern, value_encodes_unit_register_and_time) {
  for (int unit_id = 0; unit_id < 4; ++unit_id) {
    for (int address = 0; address < 256; ++address) {
      for (int tenths = 0; tenths < 64; ++tenths) {
        const PatternOrigin origin{.unit_id = static_cast<std::uint8_t>(unit_id),
                                   .address = static_cast<std::uint8_t>(address),
                                   .tenths = static_cast<std::uint8_t>(tenths)};
        const UnixTime time{6'400 * 1'000 + 100 * tenths + 99};
        const std::uint16_t value =
            pattern_value(modbus::holding_register(origin.address), origin.unit_id, time);
        ASSERT_EQ(pattern_origin(value), origin);
      }
    }
  }
}

TEST(Pattern, registers_of_a_plant_show_its_state_at_the_time_of_the_request) {
  UnixTime now{0};
  const auto genset = profile::Catalog::built_in().find("hgm9520n");
  ModbusServerOptions place;
  place.controllers = {{.profile = genset, .unit_id = 2, .site = "A"}};
  Plant plant({place}, 1, [&] { return now; });
  // 7 x 167 is 145 modulo 256.
  EXPECT_EQ(plant.registers(0, 0).at(modbus::holding_register(7)), 2U << 14 | 145U << 6 | 0U);
  plant.step();
  now = milliseconds{300};
  EXPECT_EQ(plant.registers(0, 0).at(modbus::holding_register(7)), 2U << 14 | 145U << 6 | 3U);
  EXPECT_EQ(pattern_origin(plant.registers(0, 0).at(modbus::holding_register(255))),
            (PatternOrigin{.unit_id = 2, .address = 255, .tenths = 3}));
}

}  // namespace
}  // namespace gensetd::simulator
