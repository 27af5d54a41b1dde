#include "poller/recent_latency.hpp"

#include <gtest/gtest.h>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;

TEST(RecentLatency, is_nothing_before_the_first_answer) {
  const LatencyFigures figures = RecentLatency{}.figures();
  EXPECT_EQ(figures.answers, 0U);
  EXPECT_EQ(figures.recent, 0U);
  EXPECT_EQ(figures.max, 0ns);
}

TEST(RecentLatency, has_the_last_the_mean_and_the_longest) {
  RecentLatency latency;
  for (const auto time : {10ms, 40ms, 25ms}) latency.note(time);
  const LatencyFigures figures = latency.figures();
  EXPECT_EQ(figures.answers, 3U);
  EXPECT_EQ(figures.recent, 3U);
  EXPECT_EQ(figures.sum, 75ms);
  EXPECT_EQ(figures.last, 25ms);
  EXPECT_EQ(figures.mean, 25ms);
  EXPECT_EQ(figures.max, 40ms);
}

TEST(RecentLatency, looks_at_the_newest_64_and_sums_up_all) {
  RecentLatency latency;
  latency.note(60s);
  for (int answer = 0; answer < 63; ++answer) latency.note(1ms);
  EXPECT_EQ(latency.figures().max, 60s);
  latency.note(3ms);
  const LatencyFigures figures = latency.figures();
  EXPECT_EQ(figures.recent, 64U);
  EXPECT_EQ(figures.last, 3ms);
  EXPECT_EQ(figures.max, 3ms);
  EXPECT_EQ(figures.mean, (63ms + 3ms) / 64.0);
  EXPECT_EQ(figures.answers, 65U);
  EXPECT_EQ(figures.sum, 60s + 66ms);
}

TEST(RecentLatency, takes_any_time) {
  RecentLatency latency;
  latency.note(100h);  // no request waits so long
  EXPECT_GT(latency.figures().max, 1h);
  EXPECT_EQ(latency.figures().sum, 100h);
}

}  // namespace
}  // namespace gensetd::poller
