#include "live/cadence.hpp"

#include "live/readings.hpp"

#include <gtest/gtest.h>

namespace gensetd::live {
namespace {

using std::chrono::milliseconds;

reading::Reading failed_at(std::int64_t at) {
  reading::Reading made = *reading_of(1, at);
  made.facts = std::make_shared<reading::Facts>();  // last_seen is empty
  return made;
}

TEST(Cadence, is_unknown_until_three_distances) {
  Cadence cadence;
  for (const std::int64_t at : {0, 2'000, 4'000}) cadence.note(*reading_of(1, at, false));
  EXPECT_FALSE(cadence.median());
  cadence.note(*reading_of(1, 6'100, false));
  EXPECT_EQ(cadence.median(), milliseconds{2'000});
}

TEST(Cadence, late_reading_does_not_change_it_and_a_new_pace_does) {
  Cadence cadence;
  std::int64_t at = 0;
  for (int count = 0; count < 10; ++count) cadence.note(*reading_of(1, at += 2'000, false));
  cadence.note(*reading_of(1, at += 60'000, false));
  EXPECT_EQ(cadence.median(), milliseconds{2'000});
  for (int count = 0; count < 6; ++count) cadence.note(*reading_of(1, at += 500, false));
  EXPECT_EQ(cadence.median(), milliseconds{500});
}

TEST(Cadence, outage_is_no_distance) {
  Cadence cadence;
  for (const std::int64_t at : {0, 1'000, 2'000, 3'000}) cadence.note(*reading_of(1, at, false));
  cadence.note(failed_at(4'000));
  for (int count = 0; count < 10; ++count) {
    cadence.note(*reading_of(1, 1'000'000 + count * 100'000, false));
    cadence.note(failed_at(1'000'000 + count * 100'000 + 1));
  }
  EXPECT_EQ(cadence.median(), milliseconds{1'000});
}

// Steps of the wall clock by minus an hour, minus 14 days and plus 200 days between readings are no distance.
TEST(Cadence, is_measured_on_the_monotonic_clock) {
  Cadence cadence;
  std::int64_t at = 0;
  for (const int error_hours : {0, -1, -14 * 24, 200 * 24, 0, 1, 0, -1, 0, 24}) {
    reading::Reading made = *reading_of(1, at += 2'000, false);
    made.timestamp += std::chrono::hours{error_hours};
    cadence.note(made);
  }
  EXPECT_EQ(cadence.median(), milliseconds{2'000});
}

}  // namespace
}  // namespace gensetd::live
