#include "poller/cycle_history.hpp"

#include <gtest/gtest.h>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;

SteadyTime at(std::chrono::milliseconds time) { return SteadyTime{1'000h + time}; }

TEST(CycleHistory, has_no_rate_without_a_cycle) {
  const CycleHistory history;
  EXPECT_EQ(history.last_hour(at(0s)), CycleCounts{});
  EXPECT_EQ(history.last_hour(at(0s)).success_rate(), std::nullopt);
}

TEST(CycleHistory, counts_successes_and_failures) {
  CycleHistory history;
  for (int cycle = 0; cycle < 10; ++cycle) history.note(cycle % 5 != 0, at(cycle * 2s));
  EXPECT_EQ(history.last_hour(at(20s)), (CycleCounts{.succeeded = 8, .failed = 2}));
  EXPECT_DOUBLE_EQ(history.last_hour(at(20s)).success_rate().value(), 0.8);
}

TEST(CycleHistory, forgets_a_minute_when_sixty_have_begun_after_it) {
  CycleHistory history;
  history.note(false, at(59s));
  history.note(true, at(60s));
  EXPECT_EQ(history.last_hour(at(59min + 59s)), (CycleCounts{.succeeded = 1, .failed = 1}));
  EXPECT_EQ(history.last_hour(at(60min)), (CycleCounts{.succeeded = 1, .failed = 0}));
  EXPECT_EQ(history.last_hour(at(61min)), CycleCounts{});
}

TEST(CycleHistory, runs_for_days) {
  CycleHistory history;
  SteadyTime now = at(0s);
  for (int cycle = 0; cycle < 3 * 24 * 1'800; ++cycle, now += 2s) history.note(cycle % 100 != 0, now);
  const CycleCounts counts = history.last_hour(now);
  EXPECT_NEAR(counts.cycles(), 1'800, 30) << "the current minute counts from its beginning";
  EXPECT_NEAR(counts.success_rate().value(), 0.99, 0.001);
  EXPECT_EQ(history.last_hour(now + 24h).cycles(), 0U);
}

}  // namespace
}  // namespace gensetd::poller
