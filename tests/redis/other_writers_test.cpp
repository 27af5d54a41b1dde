#include "redis/other_writers.hpp"

#include "redis/log_lines.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace gensetd::redis {
namespace {

using std::chrono::seconds;

reading::SteadyTime at(seconds time) { return reading::SteadyTime{time}; }

TEST(OtherWriters, are_logged_once_at_the_start_and_once_at_the_end_for_any_number_of_devices) {
  const LogLines lines;
  OtherWriters others("here:6379", seconds{30});
  for (int second = 0; second < 600; ++second) {
    others.add_message(1, "device:1:metrics", "ab", at(seconds{second}));
    if (second % 2 == 0) others.add_message(2, "device:2:metrics", "", at(seconds{second}));
    others.expire(at(seconds{second}));
  }
  EXPECT_EQ(others.devices(), 2U);
  EXPECT_EQ(others.messages(), 900U);
  EXPECT_TRUE(others.writes(1) && others.writes(2));
  EXPECT_EQ(lines.count("another process publishes readings of device 1"), 1U) << lines.text();
  EXPECT_EQ(lines.count("Redis here:6379"), 1U) << lines.text();
  others.expire(at(seconds{599} + OtherWriters::quiet_min));
  EXPECT_EQ(others.devices(), 1U) << "device 2 was last published a second earlier";
  others.expire(at(seconds{600} + OtherWriters::quiet_min));
  EXPECT_EQ(others.devices(), 0U);
  EXPECT_FALSE(others.writes(1));
  others.expire(at(seconds{10'000}));
  EXPECT_EQ(lines.count("only this daemon writes their hashes again"), 1U) << lines.text();
}

TEST(OtherWriters, expire_after_the_given_quiet_time) {
  OtherWriters others("here:6379", seconds{300});
  others.add_message(1, "device:1:metrics", "", at(seconds{0}));
  others.expire(at(seconds{300}));
  EXPECT_TRUE(others.writes(1));
  others.expire(at(seconds{301}));
  EXPECT_FALSE(others.writes(1));
}

TEST(OtherWriters, report_the_key_and_what_to_do) {
  OtherWriters others("here:6379", seconds{0});
  EXPECT_EQ(others.state(), "");
  others.add_message(7, "x:device:7:metrics", "", at(seconds{0}));
  EXPECT_EQ(others.state(), "another process also writes x:device:7:metrics; set REDIS_PREFIX");
  others.add_message(9, "x:device:9:metrics", "", at(seconds{0}));
  EXPECT_EQ(others.state(), "another process also writes x:device:7:metrics and 1 more; set REDIS_PREFIX");
  others.remove(7);
  others.remove(8);
  EXPECT_EQ(others.state(), "another process also writes x:device:9:metrics; set REDIS_PREFIX");
}

TEST(OtherWriters, print_text_of_a_peer_on_one_line) {
  const LogLines lines;
  OtherWriters others("here:6379", seconds{0});
  others.add_message(7, "device:7:metrics", "a\nb", at(seconds{0}));
  EXPECT_EQ(lines.count("\n"), 1U) << lines.text();
}

}  // namespace
}  // namespace gensetd::redis
