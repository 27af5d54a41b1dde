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
    RedisReply message{.type = RedisReply::Type::array};
    for (const std::string& text : {std::string{"message"}, std::string{"metrics:updates"}, json})
      message.elements.push_back({.type = RedisReply::Type::text, .text = text});
    EXPECT_FALSE(subscriber.handle_reply(message));
  }
  static std::string foreign(const std::string& timestamp, int number = 0) {
    return R"({"device_id":9,"site_code":"YKZ","device_type":"ats","timestamp":")" + timestamp +
           R"(","number":)" + std::to_string(number) + "}";
  }

  static reading::SteadyTime clock() { return reading::SteadyTime{now}; }
  static inline std::chrono::seconds now{0};

  RedisMetrics counted() const {
    RedisMetrics metrics;
    subscriber.add_to(metrics);
    return metrics;
  }

  live::Hub hub;
  std::shared_ptr<OtherWriters> others =
      std::make_shared<OtherWriters>("here:6379", std::chrono::seconds{30});
  Subscriber subscriber{hub,  std::make_shared<RedisHealth>("here:6379"), others, KeyNames(""), sample_epoch,
                        clock};
};

// Whatever its clock says: from the year 1 to the year 9999, and back.
TEST_F(SubscriberTest, accepts_readings_of_other_processes) {
  for (const char* timestamp :
       {"2026-02-17T14:30:00.123Z", "2026-02-18T14:30:00.123Z", "9999-12-31T23:59:59.999Z",
        "2263-01-01T00:00:00.000Z", "2026-02-17T14:30:00.124Z", "0001-01-01T00:00:00.000Z"}) {
    receive(foreign(timestamp));
    ASSERT_NE(hub.newest(9), nullptr);
    EXPECT_EQ(reading::print_timestamp(hub.newest(9)->timestamp), timestamp);
  }
}

TEST_F(SubscriberTest, ignores_readings_of_this_run_also_of_a_removed_device) {
  receive(sample_reading(1, 5)->json);
  EXPECT_EQ(hub.newest(1), nullptr);
  hub.publish(sample_reading(1, 7));
  receive(sample_reading(1, 5)->json);
  EXPECT_EQ(hub.newest(1)->seq, 7U);
}

TEST_F(SubscriberTest, accepts_readings_of_another_run) {
  reading::Content content = *sample_reading(1, 5)->content;
  content.epoch = sample_epoch + 1;
  receive(reading::make_reading(content)->json);
  ASSERT_NE(hub.newest(1), nullptr);
  EXPECT_EQ(hub.newest(1)->seq, 5U);
  EXPECT_EQ(hub.newest(1)->epoch, "00000000000000e6");
}

TEST_F(SubscriberTest, reads_the_channel_behind_the_prefix) {
  Subscriber prefixed{hub, std::make_shared<RedisHealth>("here:6379"), others, KeyNames("site1:"),
                      sample_epoch};
  std::string expected;
  append_command(expected, {"SUBSCRIBE", "site1:metrics:updates"});
  std::string sent;
  prefixed.opened();
  prefixed.append_commands(sent);
  EXPECT_EQ(sent, expected);
}

// Another gensetd that polls the same device, and a customer's program without epochs.
TEST_F(SubscriberTest, reports_another_publisher_of_a_device_polled_here) {
  reading::Content content = *sample_reading(1, 500)->content;
  content.epoch = sample_epoch + 1;
  hub.claim(1);
  hub.claim(9);
  receive(sample_reading(1, 1)->json);
  EXPECT_EQ(others->devices(), 0U);
  receive(reading::make_reading(content)->json);
  receive(foreign("2026-02-17T14:30:00.123Z"));
  EXPECT_TRUE(others->writes(1));
  EXPECT_TRUE(others->writes(9));
  EXPECT_EQ(counted().shared_hashes, 2U);
  EXPECT_EQ(counted().shared_messages, 2U);
  EXPECT_TRUE(hub.all().empty());
  now += OtherWriters::quiet_min + std::chrono::seconds{1};
  subscriber.tidy();
  EXPECT_EQ(others->devices(), 0U);
}

TEST_F(SubscriberTest, removes_another_writer_when_the_device_is_no_longer_polled_here) {
  hub.claim(9);
  receive(foreign("2026-02-17T14:30:00.123Z", 1));
  EXPECT_TRUE(others->writes(9));
  hub.remove(9);
  EXPECT_TRUE(others->writes(9)) << "its key is not to be deleted";
  receive(foreign("2026-02-17T14:30:00.123Z", 2));
  EXPECT_FALSE(others->writes(9));
  EXPECT_NE(hub.newest(9), nullptr);
}

TEST_F(SubscriberTest, logs_the_limit_of_foreign_readings_once_at_its_start_and_end) {
  const LogLines lines;
  const auto of = [](std::size_t id) {
    return R"({"device_id":)" + std::to_string(id) +
           R"(,"site_code":"","timestamp":"2026-02-17T14:30:00.123Z"})";
  };
  constexpr std::size_t limit = live::foreign_max.devices;
  for (std::size_t id = 1; id <= limit + 50; ++id) receive(of(id));
  EXPECT_EQ(counted().foreign_devices, limit);
  EXPECT_EQ(counted().over_limit, 50U);
  EXPECT_EQ(lines.count("too many devices"), 1U) << lines.text();
  now += Subscriber::limit_pause;
  subscriber.tidy();
  receive(of(limit + 1));
  now += Subscriber::limit_pause;
  subscriber.tidy();
  EXPECT_EQ(lines.count("are dropped"), 1U) << lines.text();
  now += std::chrono::seconds{1};
  subscriber.tidy();
  subscriber.tidy();
  EXPECT_EQ(lines.count("readings of other processes are no longer dropped"), 1U) << lines.text();
}

}  // namespace
}  // namespace gensetd::redis
