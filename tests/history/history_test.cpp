#include "history/history.hpp"

#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <vector>

namespace gensetd::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t start_ms = 1'700'000'000'000;

Timestamp at(std::int64_t ms) { return Timestamp{milliseconds{start_ms + ms}}; }

reading::SteadyTime steady_at(std::int64_t ms) { return reading::SteadyTime{milliseconds{ms}}; }

profile::ProfilePtr map_named(const std::string& name) {
  static const auto catalog = profile::Catalog::built_in();
  return catalog.find(name);
}

live::ReadingPtr reading_of(std::int64_t device_id, std::int64_t ms, std::vector<profile::Value> values,
                            bool online = true, const std::string& map = "hgm9520n") {
  reading::Content content{.identity = {device_id, "MKZ", "generator"},
                           .profile = map_named(map),
                           .timestamp = at(ms),
                           .at = steady_at(ms),
                           .online = online,
                           .last_seen = online ? at(ms) : at(0),
                           .last_seen_at = online ? steady_at(ms) : steady_at(0),
                           .values = std::move(values),
                           .seq = static_cast<std::uint64_t>(ms) + 1};
  content.values.resize(content.profile->fields.size());
  return reading::make_reading(std::move(content));
}

std::vector<std::optional<std::int64_t>> held(const History& history, std::int64_t device_id) {
  std::vector<std::optional<std::int64_t>> all;
  const Record* record = history.record(device_id);
  if (record == nullptr) return all;
  record->read(at(-1'000'000'000), at(1'000'000'000), {0}, [&](const auto&, const auto& values) {
    all.insert(all.end(), values[0].begin(), values[0].end());
  });
  return all;
}

using Values = std::vector<std::optional<std::int64_t>>;

class HistoryTest : public testing::Test {
 protected:
  live::Hub hub;
};

TEST_F(HistoryTest, keeps_good_readings_and_one_gap_for_an_outage) {
  History history(hub, {});
  hub.publish(reading_of(1, 0, {10}));
  history.start();
  hub.publish(reading_of(1, 2'000, {11}));
  for (const int ms : {4'000, 6'000, 8'000}) hub.publish(reading_of(1, ms, {11}, false));
  hub.publish(reading_of(1, 10'000, {12}));
  EXPECT_EQ(held(history, 1), (Values{10, 11, std::nullopt, 12}));
}

TEST_F(HistoryTest, failed_cycle_of_a_device_that_stays_online_is_no_reading) {
  History history(hub, {});
  history.start();
  hub.publish(reading_of(1, 0, {10}));
  reading::Content failed = *reading_of(1, 2'000, {10})->content;
  failed.last_seen = at(0);
  failed.last_seen_at = steady_at(0);
  hub.publish(reading::make_reading(failed));
  EXPECT_EQ(held(history, 1), Values{10});
}

TEST_F(HistoryTest, forgets_removed_devices_and_readings_of_another_map) {
  History history(hub, {});
  history.start();
  hub.publish(reading_of(1, 0, {10}));
  hub.publish(reading_of(1, 2'000, {20}, true, "hgm9560"));
  EXPECT_EQ(held(history, 1), Values{20});
  hub.remove(1);
  EXPECT_EQ(history.record(1), nullptr);
  EXPECT_EQ(history.metrics().bytes, 0U);
}

TEST_F(HistoryTest, drops_readings_older_than_its_span) {
  History history(hub, {.span = seconds{600}});
  history.start();
  for (int count = 0; count < 2'000; ++count) hub.publish(reading_of(1, count * 2'000, {count}));
  const std::size_t readings = history.record(1)->readings();
  EXPECT_GE(readings, 300U);
  EXPECT_LE(readings, 300U + 2 * Record::chunk_readings);
  EXPECT_EQ(held(history, 1).back(), 1'999);
}

TEST_F(HistoryTest, stays_within_its_memory_and_keeps_the_newest_of_each_device) {
  constexpr std::size_t bytes_max = 1'000'000;
  History history(hub, {.span = seconds{86'400}, .bytes_max = bytes_max});
  history.start();
  std::mt19937 random(1);
  for (int count = 0; count < 1'000; ++count) {
    for (std::int64_t device = 1; device <= 20; ++device) {
      std::vector<profile::Value> values(56);
      for (auto& value : values) value = static_cast<std::int64_t>(random() % 10'000);
      hub.publish(reading_of(device, count * 2'000, values));
      ASSERT_LE(history.metrics().bytes, bytes_max);
    }
  }
  std::size_t bytes = 0;
  for (std::int64_t device = 1; device <= 20; ++device) {
    bytes += history.bytes_of(device);
    EXPECT_GT(history.record(device)->readings(), 100U) << device;
  }
  EXPECT_EQ(bytes, history.metrics().bytes);
  EXPECT_GT(bytes, bytes_max / 2);
}

// Like a running genset: measured values vary by a few counts, counters and states are constant.
std::vector<profile::Value> running(std::mt19937& random, std::int64_t second) {
  std::vector<profile::Value> values;
  for (const profile::Field& field : map_named("hgm9520n")->fields) {
    if (field.type == profile::Type::bit || field.group == "counters" || field.group == "status") {
      values.emplace_back(field.type == profile::Type::bit ? 1 : second / 60);
    } else if (field.name == "current_earth" || field.name == "oil_temp") {
      values.emplace_back();
    } else {
      values.emplace_back(3'985 + static_cast<std::int64_t>(random() % 41) - 20);
    }
  }
  return values;
}

TEST_F(HistoryTest, hour_of_a_hundred_devices_fits_and_is_read_quickly) {
  History history(hub, {});
  history.start();
  std::mt19937 random(1);
  constexpr std::int64_t readings = 1'800;
  // All devices are alike: ten are read and counted tenfold.
  for (std::int64_t count = 0; count < readings; ++count) {
    for (std::int64_t device = 1; device <= 10; ++device)
      hub.publish(reading_of(device, count * 2'000, running(random, count * 2)));
  }
  const double per_sample = static_cast<double>(history.metrics().bytes) / (10.0 * readings * 56.0);
  RecordProperty("bytes_per_sample", std::to_string(per_sample));
  EXPECT_LT(history.metrics().bytes * 10, 40'000'000U) << per_sample << " bytes a sample";

  const std::vector<std::size_t> fields = {12, 13, 14, 15, 20, 30, 40, 45};
  auto best = std::chrono::steady_clock::duration::max();
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto began = std::chrono::steady_clock::now();
    const auto buckets = buckets_of(*history.record(1), fields, {at(0), at(readings * 2'000), 600},
                                    seconds{6}, at(readings * 2'000));
    best = std::min(best, std::chrono::steady_clock::now() - began);
    ASSERT_EQ(buckets.size(), 8U);
  }
  EXPECT_LT(best, milliseconds{20});
}

}  // namespace
}  // namespace gensetd::history
