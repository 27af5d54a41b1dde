#include "link/busy_time.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace gensetd::link {
namespace {

using namespace std::chrono_literals;

SteadyTime at(std::chrono::nanoseconds time) { return SteadyTime{1'000h + time}; }

TEST(TimeSlots, count_the_slot_under_way_and_those_before_it) {
  TimeSlots<int, 3> slots(10s);
  EXPECT_EQ(slots.sum(at(0s)), 0);
  slots.at(at(1s)) += 1;
  slots.at(at(9s)) += 10;
  slots.at(at(10s)) += 100;
  EXPECT_EQ(slots.sum(at(10s)), 111);
  EXPECT_EQ(slots.sum(at(29s)), 111);
  EXPECT_EQ(slots.sum(at(30s)), 100);
  EXPECT_EQ(slots.begin(at(30s)), at(10s));
  slots.at(at(39s)) += 1'000;
  EXPECT_EQ(slots.sum(at(39s)), 1'100);
  EXPECT_EQ(slots.sum(at(40s)), 1'000);
  EXPECT_EQ(slots.sum(at(60s)), 0);
}

TEST(TimeSlots, old_amounts_never_come_back) {
  // Whatever time passes between two amounts, only what is within three slots counts.
  for (int pause = 0; pause < 12; ++pause) {
    TimeSlots<int, 3> slots(1s);
    for (int second = 0; second < 5; ++second) slots.at(at(second * 1s)) += 1;
    slots.at(at((4 + pause) * 1s)) += 1;
    EXPECT_EQ(slots.sum(at((4 + pause) * 1s)), pause == 0 ? 4 : pause == 1 ? 3 : pause == 2 ? 2 : 1) << pause;
  }
}

TEST(TimeSlots, begin_with_the_clock) {
  TimeSlots<int, 3> slots(10s);
  slots.at(SteadyTime{5s}) += 1;
  EXPECT_EQ(slots.sum(SteadyTime{5s}), 1);
  EXPECT_EQ(slots.sum(SteadyTime{25s}), 1);
  EXPECT_EQ(slots.sum(SteadyTime{35s}), 0);
}

TEST(BusyTime, is_nothing_before_the_first_request) {
  const BusyTime busy;
  EXPECT_EQ(busy.total(at(1s)), 0ns);
  EXPECT_EQ(busy.share(at(1s)), 0.0);
  EXPECT_EQ(busy.recent_share(at(1s)), 0.0);
}

TEST(BusyTime, counts_the_request_under_way) {
  BusyTime busy;
  busy.begin(at(0s));
  EXPECT_EQ(busy.share(at(0s)), 0.0);
  EXPECT_EQ(busy.total(at(4s)), 4s);
  EXPECT_EQ(busy.share(at(4s)), 1.0);
  EXPECT_EQ(busy.recent_share(at(4s)), 1.0);
  busy.end(at(4s));
  EXPECT_EQ(busy.total(at(8s)), 4s);
  EXPECT_EQ(busy.share(at(8s)), 0.5);
  EXPECT_EQ(busy.recent_share(at(8s)), 0.5);
  busy.end(at(9s));  // nothing under way: nothing happens
  EXPECT_EQ(busy.total(at(9s)), 4s);
}

TEST(BusyTime, recent_share_forgets_what_is_more_than_a_minute_ago) {
  BusyTime busy;
  busy.begin(at(0s));
  busy.end(at(35s));
  EXPECT_DOUBLE_EQ(busy.recent_share(at(60s)), 35.0 / 60.0);
  EXPECT_DOUBLE_EQ(busy.recent_share(at(75s)), 25.0 / 65.0) << "from second 10 on";
  EXPECT_DOUBLE_EQ(busy.recent_share(at(95s)), 5.0 / 65.0) << "from second 30 on";
  EXPECT_DOUBLE_EQ(busy.recent_share(at(101s)), 0.0);
  EXPECT_DOUBLE_EQ(busy.share(at(100s)), 0.35);
}

TEST(BusyTime, a_long_request_is_spread_over_its_time) {
  BusyTime busy;
  busy.begin(at(5s));
  busy.end(at(1'005s));
  EXPECT_EQ(busy.total(at(1'005s)), 1'000s);
  EXPECT_DOUBLE_EQ(busy.recent_share(at(1'005s)), 1.0);
  EXPECT_DOUBLE_EQ(busy.recent_share(at(1'035s)), 35.0 / 65.0) << "from second 970 on";
}

TEST(BusyTime, never_more_than_all_the_time) {
  BusyTime busy;
  for (std::int64_t step = 0; step < 10'000; ++step) {
    const auto start = at(step * 137ms);
    busy.begin(start);
    busy.end(start + 100ms);
    const auto now = start + 100ms;
    ASSERT_LE(busy.recent_share(now), 1.0);
    ASSERT_LE(busy.share(now), 1.0);
    if (step > 1'000) {
      ASSERT_NEAR(busy.recent_share(now), 100.0 / 137.0, 0.01);
    }
  }
}

}  // namespace
}  // namespace gensetd::link
