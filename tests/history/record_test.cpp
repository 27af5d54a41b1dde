#include "history/record.hpp"

#include "history/buckets.hpp"
#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

// Records under a wall clock that is set while the steady clock continues.
namespace gensetd::history {
namespace {

using reading::ClockPair;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Timestamp noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + hours{12}};

profile::ProfilePtr genset() {
  static const auto profile = profile::Catalog::built_in().find("hgm9520n");
  return profile;
}

struct Sample {
  Timestamp when;
  profile::Value value;
  bool operator==(const Sample&) const = default;
};

// A record and its two clocks.
class Clocked {
 public:
  void pass(milliseconds time) {
    now.steady += time;
    now.wall += time;
  }
  void set_clock_by(milliseconds step) { now.wall += step; }
  void read(profile::Value value) {
    values_[3] = value;
    record.append(now, values_);
  }
  void lose() { record.append_gap(now); }
  void read_for(milliseconds time, std::int64_t value) {
    for (milliseconds passed{0}; passed < time; passed += seconds{2}) {
      pass(seconds{2});
      read(value);
    }
  }

  std::vector<Sample> samples(Timestamp from, Timestamp to) const {
    std::vector<Sample> all;
    record.read(from, to, {3}, [&](const auto& times, const auto& values) {
      for (std::size_t index = 0; index < times.size(); ++index) {
        if (times[index] >= from && times[index] < to) all.push_back({times[index], values[0][index]});
      }
    });
    return all;
  }
  // One figure for each bucket of the last `span`, as a page requests it; "-" is a gap.
  std::string shown(milliseconds span, std::size_t points) const {
    std::string text;
    const auto buckets = buckets_of(record, {3}, {now.wall - span, now.wall, points}, seconds{6}, now.wall);
    for (const auto& bucket : buckets.front()) {
      if (!text.empty()) text += ' ';
      text += !bucket ? "-" : bucket->min == bucket->max ? std::to_string(bucket->min) : "mixed";
    }
    return text;
  }

  ClockPair now{SteadyTime{hours{5}}, noon};
  Record record{genset()};

 private:
  std::vector<profile::Value> values_ = std::vector<profile::Value>(genset()->fields.size());
};

TEST(Record, continues_after_the_clock_was_set_back_by_an_hour) {
  Clocked device;
  device.read_for(hours{1}, 1);
  device.set_clock_by(-hours{1});
  EXPECT_EQ(device.shown(minutes{10}, 2), "- -");
  device.read_for(minutes{20}, 2);
  EXPECT_EQ(device.shown(minutes{40}, 4), "- - 2 2");
  // Where readings overlap, the newer one applies; readings in the future come from the wrong clock.
  EXPECT_EQ(device.samples(noon, noon + hours{2}).size(), 600U);
  device.read_for(minutes{50}, 3);
  EXPECT_EQ(device.shown(minutes{70}, 7), "2 2 mixed 3 3 3 3");  // the last of the 20 minutes is in the third
}

TEST(Record, continues_after_the_clock_was_set_back_by_two_weeks) {
  Clocked device;
  device.read_for(minutes{10}, 1);
  device.set_clock_by(-days{14});
  device.read_for(minutes{10}, 2);
  EXPECT_EQ(device.shown(minutes{20}, 2), "- 2");
  EXPECT_TRUE(device.samples(noon, noon + days{1}).empty());
}

TEST(Record, continues_after_the_clock_was_ahead_for_a_while) {
  Clocked device;
  device.read_for(minutes{10}, 1);
  device.set_clock_by(days{200});
  device.read_for(minutes{10}, 2);
  EXPECT_EQ(device.shown(minutes{20}, 2), "- 2");
  device.set_clock_by(-days{200});
  device.read_for(minutes{10}, 3);
  EXPECT_EQ(device.shown(minutes{30}, 6), "1 1 1 - 3 3");
  EXPECT_TRUE(device.samples(noon + days{1}, noon + days{300}).empty());
}

TEST(Record, short_return_to_1970_hides_no_earlier_reading) {
  Clocked device;
  device.read_for(minutes{10}, 1);
  const milliseconds since_1970 = device.now.wall.time_since_epoch();
  device.set_clock_by(-since_1970);
  device.read_for(minutes{10}, 2);
  device.set_clock_by(since_1970);
  device.read_for(minutes{10}, 3);
  EXPECT_EQ(device.shown(minutes{30}, 6), "1 1 1 - 3 3");
}

TEST(Record, value_does_not_extend_over_a_step_ahead) {
  Clocked device;
  device.read_for(seconds{10}, 1);
  device.set_clock_by(minutes{2});
  device.pass(seconds{2});
  device.read(1);
  const auto buckets = buckets_of(device.record, {3}, {noon, device.now.wall, 13}, hours{1}, device.now.wall);
  EXPECT_TRUE(buckets.front().front());
  EXPECT_FALSE(buckets.front().at(6));
}

// Otherwise the values of the first pass would be shown for the second, which has no data.
TEST(Record, loss_after_a_step_back_is_a_gap) {
  for (const bool was_lost_before : {false, true}) {
    Clocked device;
    device.read_for(hours{1}, 1);
    if (was_lost_before) device.lose();
    device.set_clock_by(-hours{1});
    for (int second = 0; second < 600; second += 5) {
      device.pass(seconds{5});
      device.lose();
    }
    EXPECT_EQ(device.shown(minutes{5}, 5), "- - - - -") << was_lost_before;
    EXPECT_EQ(device.samples(noon, noon + hours{2}).size(), 3U);  // the gap, and two readings before it
    device.read_for(minutes{5}, 2);
    EXPECT_EQ(device.shown(minutes{10}, 2), "- 2") << was_lost_before;
  }
}

TEST(Record, age_is_counted_by_the_steady_clock) {
  for (const milliseconds step :
       {milliseconds{days{200}}, milliseconds{-days{14}}, milliseconds{-hours{1}}}) {
    Clocked device;
    device.read_for(minutes{20}, 1);
    device.set_clock_by(step);
    device.read_for(minutes{20}, 2);
    const std::size_t before = device.record.readings();
    device.record.drop_older(device.now.steady - minutes{41});
    EXPECT_EQ(device.record.readings(), before);
    device.record.drop_older(device.now.steady - minutes{10});
    EXPECT_LE(device.record.readings(), 300U + 2 * Record::chunk_readings);
    EXPECT_EQ(device.shown(minutes{10}, 1), "2");
  }
}

TEST(Record, small_clock_corrections_do_not_turn_each_reading_into_a_chunk) {
  Clocked steady;
  Clocked corrected;
  for (int count = 0; count < 10'000; ++count) {
    for (Clocked* device : {&steady, &corrected}) {
      device->pass(milliseconds{500});
      device->read(count % 7);
    }
    corrected.set_clock_by(milliseconds{-400});
  }
  EXPECT_LT(corrected.record.bytes(), steady.record.bytes() * 11 / 10);
  EXPECT_EQ(corrected.record.readings(), steady.record.readings());
}

// A reference that stores reading by reading, without chunks and parts.
class Reference {
 public:
  void append(ClockPair when, profile::Value value) {
    if (!readings_.empty()) {
      const ClockPair last = readings_.back().when;
      const milliseconds step = clock_step(last, when);
      const bool is_set = when.wall + seconds{1} < last.wall || step >= seconds{60} || step <= -seconds{60};
      if (is_set) {
        if (readings_.back().value)
          readings_.push_back({{last.steady, last.wall + milliseconds{1}}, {}, piece_});
        ++piece_;
      } else {
        when.wall = std::max(when.wall, last.wall);
        if (!value && !readings_.back().value) return;
      }
    } else if (!value) {
      return;
    }
    readings_.push_back({when, value, piece_});
  }

  std::vector<Sample> samples(Timestamp from, Timestamp to) const {
    std::multimap<Timestamp, Sample> sorted;  // equal times keep their order
    for (const auto& one : readings_) {
      if (one.when.wall >= from && one.when.wall < to && !is_covered(one))
        sorted.emplace(one.when.wall, Sample{one.when.wall, one.value});
    }
    std::vector<Sample> all;
    for (const auto& [when, sample] : sorted) all.push_back(sample);
    return all;
  }

 private:
  struct Reading {
    ClockPair when;
    profile::Value value;
    int piece;
  };

  bool is_covered(const Reading& one) const {
    for (int piece = one.piece + 1; piece <= piece_; ++piece) {
      const auto first = std::ranges::find(readings_, piece, &Reading::piece);
      const auto next = std::ranges::find(readings_, piece + 1, &Reading::piece);
      if (one.when.wall < first->when.wall) continue;
      if (next == readings_.end()) return true;
      const auto lasted = std::chrono::floor<milliseconds>(next->when.steady - first->when.steady);
      if (one.when.wall <= first->when.wall + lasted || one.when.wall <= std::prev(next)->when.wall)
        return true;
    }
    return false;
  }

  std::vector<Reading> readings_;
  int piece_ = 0;
};

TEST(Record, agrees_with_the_reference_for_random_clock_steps) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int run = 0; run < 20; ++run) {
    Clocked device;
    Reference reference;
    for (int count = 0; count < 1'500; ++count) {
      device.pass(milliseconds{1 + static_cast<std::int64_t>(random() % 4'000)});
      if (random() % 100 == 0) {
        const std::int64_t largest_ms = random() % 2 == 0 ? 2'000 : 3'000'000;
        device.set_clock_by(
            milliseconds{static_cast<std::int64_t>(random()) % (2 * largest_ms) - largest_ms});
      }
      if (random() % 10 == 0) {
        device.lose();
        reference.append(device.now, {});
      } else {
        device.read(count);
        reference.append(device.now, count);
      }
    }
    for (int question = 0; question < 20; ++question) {
      const Timestamp from =
          noon + milliseconds{static_cast<std::int64_t>(random() % 14'000'000) - 7'000'000};
      const Timestamp to = from + milliseconds{static_cast<std::int64_t>(random() % 5'000'000)};
      ASSERT_EQ(device.samples(from, to), reference.samples(from, to));
    }
  }
}

}  // namespace
}  // namespace gensetd::history
