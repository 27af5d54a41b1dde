#include "poller/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

SteadyTime at(milliseconds time) { return SteadyTime{1'000h + time}; }

// The slot of device `id` that follows `now`.
SteadyTime slot_after(std::int64_t id, milliseconds interval, SteadyTime now) {
  return next_start(id, interval, now - interval, now);
}

TEST(Schedule, slots_are_an_interval_apart_and_never_drift) {
  for (const milliseconds interval : {100ms, 2'000ms, 7'777ms, 86'400'000ms}) {
    SteadyTime start = slot_after(17, interval, at(0ms));
    const SteadyTime first = start;
    for (int cycle = 1; cycle <= 1'000; ++cycle) {
      start = next_start(17, interval, start, start + interval / 3);
      ASSERT_EQ(start, first + cycle * interval);
    }
  }
}

TEST(Schedule, late_cycle_skips_slots_and_the_next_one_starts_at_once) {
  const SteadyTime start = slot_after(5, 2'000ms, at(0ms));
  const SteadyTime next = next_start(5, 2'000ms, start, start + 4'100ms);
  EXPECT_EQ(next, start + 4'100ms);
  EXPECT_EQ(slots_missed(2'000ms, start, next), 1);
  EXPECT_EQ(next_start(5, 2'000ms, next, next + 300ms), start + 6'000ms);
  EXPECT_EQ(slots_missed(2'000ms, start, start + 2'000ms), 0);
  EXPECT_EQ(next_start(5, 2'000ms, start, start + 2'000ms), start + 2'000ms);
}

TEST(Schedule, two_starts_are_never_two_intervals_apart_unless_the_cycle_takes_as_long) {
  for (const milliseconds interval : {100ms, 2'000ms, 7'777ms}) {
    for (std::int64_t id = 1; id < 50; ++id) {
      for (int begun = 0; begun <= 20; ++begun) {
        const SteadyTime last = slot_after(id, interval, at(0ms)) + begun * interval / 10;
        for (int duration = 0; duration <= 40; ++duration) {
          const SteadyTime ended = last + duration * interval / 10;
          const SteadyTime next = next_start(id, interval, last, ended);
          ASSERT_GE(next, ended);
          ASSERT_GE(next - last, interval / 2);
          ASSERT_LT(next - last, std::max<SteadyTime::duration>(2 * interval, ended - last + 1ns));
        }
      }
    }
  }
}

TEST(Schedule, first_slot_comes_no_sooner_than_half_an_interval_after_the_start) {
  const SteadyTime slot = slot_after(5, 2'000ms, at(0ms));
  EXPECT_EQ(next_start(5, 2'000ms, slot - 900ms, slot - 800ms), slot + 2'000ms);
  EXPECT_EQ(next_start(5, 2'000ms, slot - 1'100ms, slot - 800ms), slot);
  EXPECT_EQ(slots_missed(2'000ms, slot - 900ms, slot + 2'000ms), 0);
}

TEST(Schedule, devices_are_spread_evenly_over_the_interval) {
  constexpr int devices = 10'000;
  constexpr int parts = 20;
  std::vector<int> starts(parts);
  const SteadyTime now = at(0ms);
  for (std::int64_t id = 1; id <= devices; ++id) {
    const auto wait = slot_after(id, 2'000ms, now) - now;
    ASSERT_GE(wait, 0ms);
    ASSERT_LT(wait, 2'000ms);
    ++starts[static_cast<std::size_t>(wait / 100ms)];
  }
  for (const int count : starts) EXPECT_NEAR(count, devices / parts, 10);
}

TEST(Schedule, unusable_number_of_seconds_gives_the_default) {
  using limits = std::numeric_limits<double>;
  EXPECT_EQ(own_or(std::nullopt, 2s), 2s);
  EXPECT_EQ(own_or(0.1, 2s), 100ms);
  EXPECT_EQ(own_or(0.0005 + 0.0005, 2s), 1ms);
  EXPECT_EQ(own_or(86'400.0, 2s), 24h);
  for (const double hostile :
       {0.0, -0.0, -1.0, 0.00001, 86'401.0, 1e300, -1e300, limits::min(), limits::denorm_min(), limits::max(),
        limits::lowest(), limits::infinity(), -limits::infinity(), limits::quiet_NaN()})
    EXPECT_EQ(own_or(hostile, 2s), 2s) << hostile;
}

TEST(Schedule, interval_of_zero_or_less_is_one_millisecond) {
  const SteadyTime now{10s};
  for (const auto interval : {0ms, -5ms, milliseconds::min()}) {
    EXPECT_EQ(next_start(1, interval, SteadyTime{9s}, now), next_start(1, 1ms, SteadyTime{9s}, now));
    EXPECT_EQ(slots_missed(interval, SteadyTime{9s}, now), slots_missed(1ms, SteadyTime{9s}, now));
  }
}

TEST(Schedule, new_device_is_first_read_within_a_second) {
  EXPECT_EQ(first_delay(60'000ms, 0), 0ms);
  EXPECT_EQ(first_delay(60'000ms, 0xFFFF'FFFFU), 799ms);
  EXPECT_EQ(first_delay(100ms, 0xFFFF'FFFFU), 99ms);
}

}  // namespace
}  // namespace gensetd::poller
