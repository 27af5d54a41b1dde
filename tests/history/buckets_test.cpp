#include "history/buckets.hpp"

#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace gensetd::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Timestamp at(std::int64_t ms) { return Timestamp{milliseconds{ms}}; }

// Both clocks agree.
reading::ClockPair moment_of(Timestamp when) { return {reading::SteadyTime{when.time_since_epoch()}, when}; }

profile::ProfilePtr genset() {
  static const auto profile = profile::Catalog::built_in().find("hgm9520n");
  return profile;
}

struct Sample {
  Timestamp when;
  profile::Value value;
};

Record record_of(const std::vector<Sample>& samples) {
  Record record(genset());
  std::vector<profile::Value> values(genset()->fields.size());
  for (const Sample& sample : samples) {
    values[3] = sample.value;
    record.append(moment_of(sample.when), values);
  }
  return record;
}

// "1..3~20" is min, max and ten times the mean; "-" a gap.
std::string shown(const Record& record, const Period& period, milliseconds value_lifetime, Timestamp now) {
  std::string text;
  const std::vector<Buckets> result = buckets_of(record, {3}, period, value_lifetime, now);
  for (const auto& bucket : result.front()) {
    if (!text.empty()) text += ' ';
    text += bucket ? std::to_string(bucket->min) + ".." + std::to_string(bucket->max) + "~" +
                         std::to_string(bucket->mean_tenths())
                   : "-";
  }
  return text;
}

constexpr milliseconds no_time{0};

TEST(Buckets, contain_the_readings_of_their_time) {
  const Record record = record_of({{at(0), 1}, {at(500), 3}, {at(1'000), 10}, {at(2'999), -4}});
  EXPECT_EQ(shown(record, {at(0), at(3'000), 3}, no_time, at(9'000)), "1..3~20 10..10~100 -4..-4~-40");
  EXPECT_EQ(shown(record, {at(0), at(3'000), 1}, no_time, at(9'000)), "-4..10~25");
  EXPECT_EQ(shown(record, {at(1), at(1'000), 1}, no_time, at(9'000)), "3..3~30");  // the end is not included
}

TEST(Buckets, gap_is_empty_and_no_data_is_not_zero) {
  const Record record =
      record_of({{at(0), 5}, {at(1'000), std::nullopt}, {at(2'000), std::nullopt}, {at(4'000), 0}});
  EXPECT_EQ(shown(record, {at(0), at(5'000), 5}, no_time, at(9'000)), "5..5~50 - - - 0..0~0");
}

TEST(Buckets, shorter_than_the_poll_interval_have_the_previous_reading) {
  const Record record = record_of({{at(0), 5}, {at(2'000), 7}, {at(20'000), 9}});
  EXPECT_EQ(shown(record, {at(0), at(6'000), 6}, milliseconds{2'000}, at(99'000)),
            "5..5~50 5..5~50 7..7~70 7..7~70 7..7~70 -");
  // A value read before the period extends into it, and no value extends beyond now.
  EXPECT_EQ(shown(record, {at(3'000), at(6'000), 3}, milliseconds{2'000}, at(4'000)), "7..7~70 - -");
}

TEST(Buckets, no_value_extends_over_a_loss_of_connection) {
  Record record = record_of({{at(0), 5}});
  record.append_gap(moment_of(at(1'000)));
  record.append_gap(moment_of(at(1'500)));
  EXPECT_EQ(shown(record, {at(0), at(3'000), 3}, seconds{60}, at(9'000)), "5..5~50 - -");
}

TEST(Buckets, mean_is_rounded_half_away_from_zero) {
  Bucket bucket{.min = 0, .max = 0};
  for (const std::int64_t value : {1, 1, 1, 0}) bucket.add(value);
  EXPECT_EQ(bucket.mean_tenths(), 8);  // 0.75
  Bucket negative{.min = 0, .max = 0};
  for (const std::int64_t value : {-1, -1, -1, 0}) negative.add(value);
  EXPECT_EQ(negative.mean_tenths(), -8);
  Bucket third{.min = 0, .max = 0};
  for (const std::int64_t value : {1, 0, 0}) third.add(value);
  EXPECT_EQ(third.mean_tenths(), 3);
}

TEST(Buckets, mean_of_the_largest_numbers_is_exact) {
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  std::optional<Bucket> bucket = Bucket{.min = highest, .max = highest};
  for (int sample = 0; sample < 1'000; ++sample) bucket->add(highest - sample % 2);
  std::string text;
  append_bucket(text, bucket, 0);
  EXPECT_EQ(text, "[9223372036854775806,9223372036854775807,9223372036854775807]");
  bucket = Bucket{.min = highest / 10, .max = highest / 10};
  bucket->add(highest / 10);
  text.clear();
  append_bucket(text, bucket, 0);
  EXPECT_EQ(text, "[922337203685477580,922337203685477580,922337203685477580]");
}

TEST(Buckets, are_printed_as_exact_decimals) {
  std::string text;
  Bucket bucket{.min = -5, .max = 3'985};
  for (const std::int64_t value : {-5, 3'985}) bucket.add(value);
  append_bucket(text, bucket, 1);
  append_bucket(text, std::nullopt, 1);
  EXPECT_EQ(text, "[-0.5,398.5,199]null");
}

// Compares every result with a simple copy of the whole record.
TEST(Buckets, agree_with_the_whole_record) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::vector<Sample> samples;
  std::int64_t time = 1'700'000'000'000;
  const std::int64_t start = time;
  for (int count = 0; count < 1'000; ++count) {
    time += random() % 20 == 0 ? 30'000 : 1'500 + static_cast<std::int64_t>(random() % 1'000);
    samples.push_back({at(time), random() % 9 == 0
                                     ? profile::Value{}
                                     : profile::Value{static_cast<std::int64_t>(random() % 5'000) - 200}});
  }
  const Record record = record_of(samples);
  EXPECT_EQ(record.readings(), samples.size());
  for (int question = 0; question < 200; ++question) {
    const auto from = start + static_cast<std::int64_t>(random() % 2'500'000) - 100'000;
    const Period period{at(from), at(from + 1 + static_cast<std::int64_t>(random() % 2'000'000)),
                        1 + random() % 500};
    const milliseconds value_lifetime{static_cast<std::int64_t>(random() % 8'000)};
    const Timestamp now = at(from + static_cast<std::int64_t>(random() % 3'000'000));
    const Buckets result = buckets_of(record, {3}, period, value_lifetime, now).front();
    ASSERT_EQ(result.size(), period.buckets());
    ASSERT_LE(result.size(), period.points);
    for (std::size_t index = 0; index < result.size(); ++index) {
      const Timestamp begin = period.from + index * period.step();
      const Timestamp end = std::min(begin + period.step(), period.to);
      std::optional<Bucket> expected;
      bool has_reading = false;
      const Sample* before = nullptr;
      for (const Sample& sample : samples) {
        if (sample.when < begin) before = &sample;
        if (sample.when < begin || sample.when >= end) continue;
        has_reading = true;
        if (!sample.value) continue;
        if (!expected) expected = Bucket{.min = *sample.value, .max = *sample.value};
        expected->add(*sample.value);
      }
      const bool later = std::ranges::any_of(
          samples, [&](const Sample& one) { return one.when >= end && one.when < period.to; });
      if (!has_reading && before != nullptr && before->value && begin - before->when <= value_lifetime &&
          (later || begin < now)) {
        expected = Bucket{.min = *before->value, .max = *before->value};
        expected->add(*before->value);
      }
      ASSERT_EQ(result[index], expected) << "bucket " << index << " of " << result.size();
    }
  }
}

}  // namespace
}  // namespace gensetd::history
