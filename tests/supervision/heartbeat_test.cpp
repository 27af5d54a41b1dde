#include "supervision/heartbeat.hpp"

#include "supervision/log_lines.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace gensetd::supervision {
namespace {

using namespace std::chrono_literals;

const SteadyTime begin{1'000s};

std::shared_ptr<Heartbeat> make() { return std::make_shared<Heartbeat>("polling thread 2", 5s, begin); }

// Checks each second up to `until`.
void check_until(HangMonitor& monitor, SteadyTime& now, SteadyTime until) {
  for (; now <= until; now += 1s) monitor.check(now);
}

TEST(Heartbeat, hangs_when_the_last_beat_is_older_than_allowed) {
  const auto heartbeat = make();
  EXPECT_FALSE(heartbeat->hangs(begin + 5s));
  EXPECT_TRUE(heartbeat->hangs(begin + 5s + 1ms));
  EXPECT_EQ(heartbeat->problem(begin + 5s), "");
  EXPECT_EQ(heartbeat->problem(begin + 12s), "polling thread 2 has not responded for 12 s");
  heartbeat->beat(begin + 12s);
  EXPECT_FALSE(heartbeat->hangs(begin + 17s));
}

TEST(HangMonitor, logs_one_line_at_the_start_of_a_hang_and_one_at_its_end) {
  const LogLines log;
  const auto heartbeat = make();
  HangMonitor monitor;
  monitor.watch(heartbeat);
  SteadyTime now = begin;
  check_until(monitor, now, begin + 60s);
  EXPECT_EQ(monitor.hanging(), 1U);
  EXPECT_TRUE(monitor.hangs(heartbeat));
  EXPECT_EQ(monitor.problems(begin + 60s), "polling thread 2 has not responded for 60 s");
  heartbeat->beat(now);
  check_until(monitor, now, now + 3s);
  EXPECT_EQ(monitor.hanging(), 0U);
  EXPECT_EQ(monitor.problems(now), "");
  ASSERT_EQ(log.sentences().size(), 2U);
  EXPECT_EQ(log.sentences()[0],
            "polling thread 2 has not responded for 6 s; its tasks do not run until it responds");
  EXPECT_EQ(log.sentences()[1], "polling thread 2 responds again after 61 s");
}

TEST(HangMonitor, a_pause_of_the_whole_process_is_not_a_hang) {
  const LogLines log;
  const auto heartbeat = make();
  HangMonitor monitor;
  monitor.watch(heartbeat);
  monitor.check(begin);
  monitor.check(begin + 1h);  // the whole process was stopped in between
  EXPECT_EQ(monitor.hanging(), 0U);
  heartbeat->beat(begin + 1h);
  monitor.check(begin + 1h + 1s);
  EXPECT_EQ(monitor.hanging(), 0U);
  EXPECT_TRUE(log.sentences().empty());
}

}  // namespace
}  // namespace gensetd::supervision
