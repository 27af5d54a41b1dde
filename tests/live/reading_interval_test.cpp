#include "live/reading_interval.hpp"

#include "live/readings.hpp"

#include <gtest/gtest.h>

namespace gensetd::live {
namespace {

using std::chrono::milliseconds;

reading::Reading failed_at(std::int64_t at) {
  reading::Reading made = *reading_of(1, at);
  made.content = std::make_shared<reading::Content>();  // last_seen is empty
  return made;
}

TEST(ReadingInterval, is_unknown_until_three_intervals) {
  ReadingInterval interval;
  for (const std::int64_t at : {0, 2'000, 4'000}) interval.note(*reading_of(1, at, false));
  EXPECT_FALSE(interval.median());
  interval.note(*reading_of(1, 6'100, false));
  EXPECT_EQ(interval.median(), milliseconds{2'000});
}

TEST(ReadingInterval, late_reading_does_not_change_it_and_a_new_poll_interval_does) {
  ReadingInterval interval;
  std::int64_t at = 0;
  for (int count = 0; count < 10; ++count) interval.note(*reading_of(1, at += 2'000, false));
  interval.note(*reading_of(1, at += 60'000, false));
  EXPECT_EQ(interval.median(), milliseconds{2'000});
  for (int count = 0; count < 6; ++count) interval.note(*reading_of(1, at += 500, false));
  EXPECT_EQ(interval.median(), milliseconds{500});
}

TEST(ReadingInterval, outage_is_not_an_interval) {
  ReadingInterval interval;
  for (const std::int64_t at : {0, 1'000, 2'000, 3'000}) interval.note(*reading_of(1, at, false));
  interval.note(failed_at(4'000));
  for (int count = 0; count < 10; ++count) {
    interval.note(*reading_of(1, 1'000'000 + count * 100'000, false));
    interval.note(failed_at(1'000'000 + count * 100'000 + 1));
  }
  EXPECT_EQ(interval.median(), milliseconds{1'000});
}

// Steps of the wall clock by -1 h, -14 days and +200 days between readings do not change the interval.
TEST(ReadingInterval, is_measured_on_the_monotonic_clock) {
  ReadingInterval interval;
  std::int64_t at = 0;
  for (const int error_hours : {0, -1, -14 * 24, 200 * 24, 0, 1, 0, -1, 0, 24}) {
    reading::Reading made = *reading_of(1, at += 2'000, false);
    made.timestamp += std::chrono::hours{error_hours};
    interval.note(made);
  }
  EXPECT_EQ(interval.median(), milliseconds{2'000});
}

}  // namespace
}  // namespace gensetd::live
