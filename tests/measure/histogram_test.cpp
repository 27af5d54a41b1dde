#include "measure/histogram.hpp"

#include <gtest/gtest.h>

namespace gensetd::measure {
namespace {

using std::chrono::nanoseconds;

// For each bound: the bucket of the bound itself and of the durations just below and above.
TEST(Histogram, a_bound_belongs_to_its_bucket) {
  for (std::size_t index = 0; index < Histogram::bounds.size(); ++index) {
    Histogram histogram;
    histogram.note(Histogram::bounds[index] - nanoseconds{1});
    histogram.note(Histogram::bounds[index]);
    histogram.note(Histogram::bounds[index] + nanoseconds{1});
    EXPECT_EQ(histogram.in_bucket(index), 2U);
    EXPECT_EQ(histogram.in_bucket(index + 1), 1U);
    EXPECT_EQ(histogram.count(), 3U);
    EXPECT_EQ(histogram.sum(), 3 * Histogram::bounds[index]);
  }
}

TEST(Histogram, a_negative_duration_counts_in_the_first_bucket) {
  Histogram histogram;
  histogram.note(nanoseconds{-5});
  EXPECT_EQ(histogram.in_bucket(0), 1U);
}

TEST(Histogram, two_histograms_can_be_added) {
  Histogram first;
  first.note(nanoseconds{1}, 3);
  Histogram second;
  second.note(nanoseconds{2});
  second.note(std::chrono::hours{1});
  first += second;
  EXPECT_EQ(first.in_bucket(0), 4U);
  EXPECT_EQ(first.in_bucket(Histogram::bounds.size()), 1U);
  EXPECT_EQ(first.sum(), nanoseconds{5} + std::chrono::hours{1});
}

}  // namespace
}  // namespace gensetd::measure
