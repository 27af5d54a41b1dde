#include "poller/recent_latency.hpp"

#include <gtest/gtest.h>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;

TEST(RecentLatency, is_zero_before_the_first_response) {
  const LatencyMetrics metrics = RecentLatency{}.metrics();
  EXPECT_EQ(metrics.responses, 0U);
  EXPECT_EQ(metrics.recent, 0U);
  EXPECT_EQ(metrics.max, 0ns);
}

TEST(RecentLatency, contains_last_mean_and_maximum) {
  RecentLatency latency;
  for (const auto time : {10ms, 40ms, 25ms}) latency.note(time);
  const LatencyMetrics metrics = latency.metrics();
  EXPECT_EQ(metrics.responses, 3U);
  EXPECT_EQ(metrics.recent, 3U);
  EXPECT_EQ(metrics.sum, 75ms);
  EXPECT_EQ(metrics.last, 25ms);
  EXPECT_EQ(metrics.mean, 25ms);
  EXPECT_EQ(metrics.max, 40ms);
}

TEST(RecentLatency, evaluates_the_newest_64_and_sums_up_all) {
  RecentLatency latency;
  latency.note(60s);
  for (int response = 0; response < 63; ++response) latency.note(1ms);
  EXPECT_EQ(latency.metrics().max, 60s);
  latency.note(3ms);
  const LatencyMetrics metrics = latency.metrics();
  EXPECT_EQ(metrics.recent, 64U);
  EXPECT_EQ(metrics.last, 3ms);
  EXPECT_EQ(metrics.max, 3ms);
  EXPECT_EQ(metrics.mean, (63ms + 3ms) / 64.0);
  EXPECT_EQ(metrics.responses, 65U);
  EXPECT_EQ(metrics.sum, 60s + 66ms);
}

TEST(RecentLatency, accepts_any_duration) {
  RecentLatency latency;
  latency.note(100h);  // no request waits so long
  EXPECT_GT(latency.metrics().max, 1h);
  EXPECT_EQ(latency.metrics().sum, 100h);
}

}  // namespace
}  // namespace gensetd::poller
