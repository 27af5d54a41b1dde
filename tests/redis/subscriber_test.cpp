#include "redis/subscriber.hpp"

#include "live/hub.hpp"
#include "reading/reading.hpp"
#include "redis/log_lines.hpp"
#include "redis/sample_readings.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace gensetd::redis {
namespace {

class SubscriberTest : public testing::Test {
 protected:
  void receive(const std::string& json) {
    Reply message{.type = Reply::Type::array};
    for (const std::string& text : {std::string{"message"}, std::string{"metrics:updates"}, json})
      message.elements.push_back({.type = Reply::Type::text, .text = text});
    EXPECT_FALSE(subscriber.take(message));
  }
  static std::string foreign(const std::string& timestamp, int number = 0) {
    return R"({"device_id":9,"site_code":"YKZ","device_type":"ats","timestamp":")" + timestamp +
           R"(","number":)" + std::to_string(number) + "}";
  }

  static reading::SteadyTime clock() { return reading::SteadyTime{now}; }
  static inline std::chrono::seconds now{0};

  Figures counted() const {
    Figures figures;
    subscriber.add_to(figures);
    return figures;
  }

  live::Hub hub;
  std::shared_ptr<OtherWriters> others =
      std::make_shared<OtherWriters>("here:6379", std::chrono::seconds{30});
  Subscriber subscriber{hub, std::make_shared<Health>("here:6379"), others, Names(""), sample_epoch, clock};
};

// Whatever its clock says: from the year 1 to the year 9999, and back.
TEST_F(SubscriberTest, takes_readings_of_others_as_they_arrive) {
  for (const char* timestamp :
       {"2026-02-17T14:30:00.123Z", "2026-02-18T14:30:00.123Z", "9999-12-31T23:59:59.999Z",
        "2263-01-01T00:00:00.000Z", "2026-02-17T14:30:00.124Z", "0001-01-01T00:00:00.000Z"}) {
    receive(foreign(timestamp));
    ASSERT_NE(hub.newest(9), nullptr);
    EXPECT_EQ(reading::print_timestamp(hub.newest(9)->timestamp), timestamp);
  }
}

TEST_F(SubscriberTest, leaves_out_what_this_run_has_published_also_of_a_device_removed_meanwhile) {
  receive(sample_reading(1, 5)->json);
  EXPECT_EQ(hub.newest(1), nullptr);
  hub.publish(sample_reading(1, 7));
  receive(sample_reading(1, 5)->json);
  EXPECT_EQ(hub.newest(1)->seq, 7U);
}

TEST_F(SubscriberTest, takes_what_another_run_has_published) {
  reading::Facts facts = *sample_reading(1, 5)->facts;
  facts.epoch = sample_epoch + 1;
  receive(reading::make_reading(facts)->json);
  ASSERT_NE(hub.newest(1), nullptr);
  EXPECT_EQ(hub.newest(1)->seq, 5U);
  EXPECT_EQ(hub.newest(1)->epoch, "00000000000000e6");
}

TEST_F(SubscriberTest, reads_the_channel_behind_the_prefix) {
  Subscriber prefixed{hub, std::make_shared<Health>("here:6379"), others, Names("site1:"), sample_epoch};
  std::string expected;
  append_command(expected, {"SUBSCRIBE", "site1:metrics:updates"});
  std::string sent;
  prefixed.opened();
  prefixed.fill(sent);
  EXPECT_EQ(sent, expected);
}

// Another gensetd that polls the same device, and a customer's program without epochs.
TEST_F(SubscriberTest, notes_who_else_publishes_readings_of_a_device_polled_here) {
  reading::Facts facts = *sample_reading(1, 500)->facts;
  facts.epoch = sample_epoch + 1;
  hub.claim(1);
  hub.claim(9);
  receive(sample_reading(1, 1)->json);
  EXPECT_EQ(others->devices(), 0U);
  receive(reading::make_reading(facts)->json);
  receive(foreign("2026-02-17T14:30:00.123Z"));
  EXPECT_TRUE(others->writes(1));
  EXPECT_TRUE(others->writes(9));
  EXPECT_EQ(counted().shared_hashes, 2U);
  EXPECT_EQ(counted().of_own_devices, 2U);
  EXPECT_TRUE(hub.all().empty());
  now += OtherWriters::quiet_min + std::chrono::seconds{1};
  subscriber.tidy();
  EXPECT_EQ(others->devices(), 0U);
}

TEST_F(SubscriberTest, forgets_another_writer_when_the_device_is_not_polled_here_any_more) {
  hub.claim(9);
  receive(foreign("2026-02-17T14:30:00.123Z", 1));
  EXPECT_TRUE(others->writes(9));
  hub.remove(9);
  EXPECT_TRUE(others->writes(9)) << "its key is not to be deleted";
  receive(foreign("2026-02-17T14:30:00.123Z", 2));
  EXPECT_FALSE(others->writes(9));
  EXPECT_NE(hub.newest(9), nullptr);
}

TEST_F(SubscriberTest, says_once_that_there_are_too_many_readings_of_others_and_once_that_it_is_over) {
  const LogLines lines;
  const auto of = [](std::size_t id) {
    return R"({"device_id":)" + std::to_string(id) +
           R"(,"site_code":"","timestamp":"2026-02-17T14:30:00.123Z"})";
  };
  constexpr std::size_t limit = live::foreign_max.devices;
  for (std::size_t id = 1; id <= limit + 50; ++id) receive(of(id));
  EXPECT_EQ(counted().foreign_devices, limit);
  EXPECT_EQ(counted().no_room, 50U);
  EXPECT_EQ(lines.count("too many devices"), 1U) << lines.text();
  now += Subscriber::room_pause;
  subscriber.tidy();
  receive(of(limit + 1));
  now += Subscriber::room_pause;
  subscriber.tidy();
  EXPECT_EQ(lines.count("are dropped"), 1U) << lines.text();
  now += std::chrono::seconds{1};
  subscriber.tidy();
  subscriber.tidy();
  EXPECT_EQ(lines.count("no more readings of other processes are dropped"), 1U) << lines.text();
}

}  // namespace
}  // namespace gensetd::redis
