#include "events/running_time.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace gensetd::events {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyTime = RunningTime::SteadyTime;

// A database with the sum, and daemons that advance it.
struct Shared {
  std::int64_t stored = 0;
  void advance(RunningTime& daemon, SteadyTime now) {
    stored = std::max(stored, daemon.advanced(stored, now));
    daemon.note_stored(stored);
  }
};

TEST(RunningTime, sum_grows_by_the_time_of_one_run) {
  Shared database{.stored = 500};
  RunningTime daemon;
  const SteadyTime start{hours{3}};
  database.advance(daemon, start);
  EXPECT_EQ(database.stored, 500);
  for (int steps = 1; steps <= 100; ++steps) database.advance(daemon, start + milliseconds{900 * steps});
  EXPECT_EQ(database.stored, 590);  // frequent calls lose no fractions of a second
}

TEST(RunningTime, time_between_two_runs_does_not_count) {
  Shared database;
  RunningTime first;
  database.advance(first, SteadyTime{seconds{0}});
  database.advance(first, SteadyTime{seconds{100}});
  RunningTime second;
  database.advance(second, SteadyTime{hours{1'000}});
  EXPECT_EQ(database.stored, 100);
}

// Each daemon starts, stores and ends at random times; their steady clocks are unrelated.
TEST(RunningTime, several_daemons_count_each_second_once) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Shared database;
  struct Daemon {
    RunningTime running;
    milliseconds offset;
  };
  std::vector<Daemon> daemons;
  milliseconds time{0};
  milliseconds with_daemons{0};
  for (int step = 0; step < 10'000; ++step) {
    const milliseconds passed{random() % 20'000};
    time += passed;
    if (!daemons.empty()) with_daemons += passed;
    if (random() % 20 == 0 && daemons.size() < 4)
      daemons.push_back({{}, milliseconds{static_cast<std::int64_t>(random() % 1'000'000'000)}});
    if (daemons.empty()) continue;
    Daemon& one = daemons[random() % daemons.size()];
    database.advance(one.running, SteadyTime{time + one.offset});
    ASSERT_LE(seconds{database.stored}, with_daemons);
    if (random() % 40 == 0)
      daemons.erase(daemons.begin() + static_cast<std::ptrdiff_t>(random() % daemons.size()));
  }
  EXPECT_GT(database.stored, 0);
}

TEST(RunningTime, two_daemons_that_keep_running_lose_nothing) {
  Shared database;
  RunningTime one;
  RunningTime two;
  for (int minute = 0; minute <= 1'000; ++minute) {
    database.advance(one, SteadyTime{std::chrono::minutes{minute}});
    database.advance(two, SteadyTime{hours{77} + std::chrono::minutes{minute} + milliseconds{500}});
  }
  EXPECT_EQ(database.stored, 60'000);
}

TEST(RunningTime, smaller_sum_comes_from_another_database) {
  Shared database{.stored = 1'000'000};
  RunningTime daemon;
  database.advance(daemon, SteadyTime{hours{1}});
  database.advance(daemon, SteadyTime{hours{2}});
  database.stored = 7;
  database.advance(daemon, SteadyTime{hours{3}});
  EXPECT_EQ(database.stored, 7);
  database.advance(daemon, SteadyTime{hours{3} + seconds{5}});
  EXPECT_EQ(database.stored, 12);
}

TEST(RunningTime, invalid_sum_is_harmless) {
  RunningTime daemon;
  EXPECT_EQ(daemon.advanced(-5, SteadyTime{hours{1}}), 0);
  const std::int64_t largest =
      daemon.advanced(std::numeric_limits<std::int64_t>::max(), SteadyTime{hours{1}});
  EXPECT_EQ(daemon.advanced(largest, SteadyTime{hours{2}}), largest);
}

}  // namespace
}  // namespace gensetd::events
