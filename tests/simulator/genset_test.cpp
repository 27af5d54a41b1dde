#include "simulator/genset.hpp"

#include "simulator/plant_time.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace gensetd::simulator {
namespace {

constexpr int steps_per_second = static_cast<int>(1 / step_seconds);
constexpr std::uint64_t seeds = 8;

// Steady mains and a live busbar, on which the set receives for 200 kW.
GensetInputs steady() {
  return {.mains_voltages = {230, 230, 230},
          .mains_frequency = 50,
          .mains_normal = true,
          .mains_on_load = true,
          .busbar_live = true,
          .busbar_voltages = {230, 231, 229},
          .busbar_frequency = 50.02,
          .requested_kw = 200};
}

// Runs a cycling set for half an hour of plant time and shows every step.
template <class Look>
void watch(std::uint64_t seed, const Look& look, OperatingMode operating_mode = OperatingMode::cycling) {
  Genset genset(seed, operating_mode);
  for (int step = 0; step < 1'800 * steps_per_second; ++step) {
    genset.step(steady());
    look(genset.readings(), step);
  }
}

TEST(Genset, goes_through_the_status_codes_in_their_order) {
  const std::map<int, std::set<int>> followers{{0, {1}},   {1, {2}},   {2, {3}},   {3, {4, 5}}, {4, {3}},
                                               {5, {6}},   {6, {7}},   {7, {8}},   {8, {9}},    {9, {10}},
                                               {10, {11}}, {11, {12}}, {12, {13}}, {13, {14}},  {14, {0}}};
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    int before = 0;
    std::set<int> seen;
    watch(seed, [&](const GensetReadings& shown, int) {
      const int now = static_cast<int>(shown.gen_status);
      if (now != before) {
        EXPECT_TRUE(followers.at(before).contains(now)) << before << " to " << now << ", seed " << seed;
      }
      seen.insert(now);
      before = now;
    });
    EXPECT_GE(seen.size(), 14U) << "seed " << seed;
  }
}

TEST(Genset, cycles_every_two_to_three_minutes_and_begins_within_the_first) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    std::vector<double> starts;
    double before = 0;
    watch(seed, [&](const GensetReadings& shown, int step) {
      if (before == 0 && shown.gen_status == 1) starts.push_back(step * step_seconds);
      before = shown.gen_status;
    });
    ASSERT_GE(starts.size(), 8U);
    EXPECT_LT(starts.front(), 30);
    for (std::size_t index = 1; index < starts.size(); ++index) {
      EXPECT_GT(starts[index] - starts[index - 1], 100) << "seed " << seed;
      EXPECT_LT(starts[index] - starts[index - 1], 240) << "seed " << seed;
    }
  }
}

TEST(Genset, carries_load_only_with_its_breaker_closed) {
  double most = 0;
  watch(1, [&](const GensetReadings& shown, int) {
    if (shown.gen_closed == 0) {
      EXPECT_EQ(shown.power_total, 0);
      EXPECT_EQ(shown.current_a, 0);
    }
    EXPECT_EQ(shown.gen_closed, shown.gen_status == 9 ? 1 : 0);
    most = std::max(most, shown.power_total);
  });
  EXPECT_NEAR(most, 200, 1);
}

TEST(Genset, load_changes_by_steps_of_a_ramp_and_is_gone_before_the_breaker_opens) {
  double power = 0;
  watch(2, [&](const GensetReadings& shown, int) {
    EXPECT_LT(std::abs(shown.power_total - power), 9.1);  // 3 % of 300 kW is what the breaker may drop
    power = shown.power_total;
  });
}

TEST(Genset, power_is_what_voltages_currents_and_power_factors_make) {
  int loaded = 0;
  watch(3, [&](const GensetReadings& s, int) {
    if (s.power_total < 10) return;
    ++loaded;
    EXPECT_NEAR(s.power_a, s.gen_ua * s.current_a * s.pf_a / 1'000, 0.01);
    EXPECT_NEAR(s.power_b, s.gen_ub * s.current_b * s.pf_b / 1'000, 0.01);
    EXPECT_NEAR(s.power_c, s.gen_uc * s.current_c * s.pf_c / 1'000, 0.01);
    EXPECT_NEAR(s.power_total, s.power_a + s.power_b + s.power_c, 0.001);
    EXPECT_NEAR(s.reactive_total, s.reactive_a + s.reactive_b + s.reactive_c, 0.001);
    EXPECT_NEAR(s.pf_avg, s.power_total / std::hypot(s.power_total, s.reactive_total), 1e-9);
    EXPECT_GT(s.pf_avg, 0.8);
    EXPECT_LT(s.pf_avg, 1.0);
  });
  EXPECT_GT(loaded, 1'000);
}

TEST(Genset, running_set_has_nominal_values_and_a_standing_one_none) {
  watch(4, [&](const GensetReadings& s, int) {
    if (s.gen_status == 9) {
      EXPECT_NEAR(s.gen_uab, 398, 6);
      EXPECT_NEAR(s.gen_ua, 230, 4);
      EXPECT_NEAR(s.gen_freq, 50, 0.3);
      EXPECT_NEAR(s.engine_speed, 1'500, 15);
      EXPECT_GT(s.oil_pressure, 300);
      EXPECT_EQ(s.gen_normal, 1);
      EXPECT_GT(s.fuel_consumption, 5);
    }
    if (s.gen_status == 1) {
      EXPECT_EQ(s.engine_speed, 0);
      EXPECT_EQ(s.gen_freq, 0);
      EXPECT_LT(s.gen_uab, 1);
      EXPECT_EQ(s.oil_pressure, 0);
      EXPECT_EQ(s.gen_normal, 0);
      EXPECT_EQ(s.fuel_consumption, 0);
    }
  });
}

TEST(Genset, breaker_closes_in_phase_with_the_busbar) {
  GensetReadings before;
  watch(5, [&](const GensetReadings& s, int) {
    if (before.gen_closed == 0 && s.gen_closed == 1) {
      EXPECT_LT(std::abs(before.phase_diff), 10);
      EXPECT_LT(std::abs(before.freq_diff), 0.5);
      EXPECT_LT(std::abs(before.volt_diff), 20);
    }
    before = s;
  });
}

TEST(Genset, warms_up_with_load_and_cools_down) {
  double coldest = 100;
  double hottest = 0;
  watch(6, [&](const GensetReadings& s, int step) {
    if (step < 60 * steps_per_second) coldest = std::min(coldest, s.coolant_temp);
    hottest = std::max(hottest, s.coolant_temp);
  });
  EXPECT_LT(coldest, 42);
  EXPECT_GT(hottest, 70);
  EXPECT_LT(hottest, 95);
}

TEST(Genset, counters_count_and_never_go_back) {
  GensetReadings first;
  GensetReadings before;
  int fired = 0;
  watch(7, [&](const GensetReadings& s, int step) {
    if (step == 0) first = before = s;
    if (before.gen_status == 3 && s.gen_status == 5) ++fired;
    EXPECT_GE(s.run_hours * 60 + s.run_minutes, before.run_hours * 60 + before.run_minutes);
    EXPECT_LT(s.run_minutes, 60);
    EXPECT_GE(s.energy_kwh, before.energy_kwh);
    EXPECT_GE(s.start_count, before.start_count);
    before = s;
  });
  EXPECT_EQ(before.start_count - first.start_count, fired);
  EXPECT_GT(before.run_hours * 60 + before.run_minutes, first.run_hours * 60 + first.run_minutes + 5);
  EXPECT_GT(before.energy_kwh, first.energy_kwh + 10);
}

TEST(Genset, continuous_set_runs_from_the_first_step_and_a_stopped_one_never) {
  watch(8, [](const GensetReadings& s, int) { EXPECT_EQ(s.gen_status, 9); }, OperatingMode::continuous);
  watch(
      9,
      [](const GensetReadings& s, int) {
        EXPECT_EQ(s.gen_status, 0);
        EXPECT_EQ(s.mode_stop, 1);
      },
      OperatingMode::stopped);
}

TEST(Genset, some_sensor_is_not_connected) {
  watch(10, [](const GensetReadings& s, int) { EXPECT_TRUE(std::isnan(s.fuel_pressure)); });
}

}  // namespace
}  // namespace gensetd::simulator
