#include "simulator/outages.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gensetd::simulator {
namespace {

using std::chrono::milliseconds;

TEST(Outages, each_period_has_one_of_the_right_length_at_a_place_of_its_own) {
  const LineOutage outage{.period = milliseconds{1'000}, .lasting = milliseconds{300}};
  std::set<int> begins;
  for (int period = 0; period < 50; ++period) {
    int silent = 0;
    int changes = 0;
    bool before = false;
    for (int time = 0; time < 1'000; ++time) {
      const bool now = is_silent(outage, 7, milliseconds{period * 1'000 + time});
      if (now && !before) begins.insert(time);
      silent += now;
      changes += now != before;
      before = now;
    }
    EXPECT_EQ(silent, 300);
    EXPECT_LE(changes, 2);
  }
  EXPECT_GT(begins.size(), 20U);
}

TEST(Outages, none_by_default_and_for_ever_when_as_long_as_the_period) {
  EXPECT_FALSE(is_silent({}, 1, milliseconds{12'345}));
  const LineOutage always{.period = milliseconds{100}, .lasting = milliseconds{100}};
  for (int time = 0; time < 500; ++time) EXPECT_TRUE(is_silent(always, 1, milliseconds{time}));
}

}  // namespace
}  // namespace gensetd::simulator
