#include "live/hub.hpp"

#include "live/readings.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gensetd::live {
namespace {

struct Recorder final : Listener {
  std::vector<std::string> heard;
  void changed(const ReadingPtr& newest) override {
    heard.push_back(std::to_string(newest->device_id) + "@" +
                    std::to_string(newest->timestamp.time_since_epoch().count()));
  }
  void removed(std::int64_t device_id) override { heard.push_back("-" + std::to_string(device_id)); }
};

using Heard = std::vector<std::string>;

TEST(Hub, timestamp_of_a_device_only_grows) {
  Hub hub;
  Recorder recorder;
  const auto subscription = hub.subscribe(recorder);
  EXPECT_TRUE(hub.publish(reading_of(1, 100)));
  EXPECT_FALSE(hub.publish(reading_of(1, 100)));  // our own, come back from Redis
  EXPECT_FALSE(hub.publish(reading_of(1, 99)));
  EXPECT_TRUE(hub.publish(reading_of(2, 50)));
  EXPECT_TRUE(hub.publish(reading_of(1, 101)));
  EXPECT_EQ(recorder.heard, (Heard{"1@100", "2@50", "1@101"}));
  EXPECT_EQ(hub.newest(1)->timestamp.time_since_epoch().count(), 101);
  EXPECT_EQ(hub.newest(3), nullptr);
}

TEST(Hub, removed_device_is_told_once_and_can_come_again_with_any_time) {
  Hub hub;
  Recorder recorder;
  const auto subscription = hub.subscribe(recorder);
  hub.publish(reading_of(1, 100));
  hub.remove(1);
  hub.remove(1);
  EXPECT_TRUE(hub.publish(reading_of(1, 5)));
  EXPECT_EQ(recorder.heard, (Heard{"1@100", "-1", "1@5"}));
}

TEST(Hub, only_other_processes_readings_expire) {
  Hub hub;
  hub.publish(reading_of(1, 10));
  hub.publish(reading_of(2, 10, false));
  hub.publish(reading_of(3, 20, false));
  Recorder recorder;
  const auto subscription = hub.subscribe(recorder);
  hub.expire_foreign(reading_of(0, 20)->timestamp);
  EXPECT_EQ(recorder.heard, Heard{"-2"});
  EXPECT_EQ(hub.all().size(), 2U);
}

TEST(Hub, all_is_ascending_by_device) {
  Hub hub;
  for (const std::int64_t device_id : {7, 1, 3}) hub.publish(reading_of(device_id, 1));
  std::vector<std::int64_t> ids;
  for (const auto& held : hub.all()) ids.push_back(held->device_id);
  EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 3, 7}));
}

TEST(Hub, ended_and_moved_subscriptions_hear_as_they_should) {
  Hub hub;
  Recorder first;
  Recorder second;
  {
    auto subscription = hub.subscribe(first);
    const auto other = hub.subscribe(second);
    const Hub::Subscription moved = std::move(subscription);
    hub.publish(reading_of(1, 1));
  }
  hub.publish(reading_of(1, 2));
  EXPECT_EQ(first.heard, Heard{"1@1"});
  EXPECT_EQ(second.heard, Heard{"1@1"});
}

TEST(Hub, subscription_to_devices_hears_of_no_other) {
  Hub hub;
  Recorder all;
  Recorder some;
  Recorder one;
  const auto to_all = hub.subscribe(all);
  auto to_some = hub.subscribe(some, {1, 3});
  {
    const auto to_one = hub.subscribe(one, {3});
    for (const std::int64_t device_id : {1, 2, 3}) hub.publish(reading_of(device_id, 1));
    hub.remove(2);
    hub.remove(3);
  }
  hub.publish(reading_of(3, 2));
  const auto moved = std::move(to_some);
  to_some = hub.subscribe(some, {2});
  hub.publish(reading_of(2, 2));
  EXPECT_EQ(one.heard, (Heard{"3@1", "-3"}));
  EXPECT_EQ(some.heard, (Heard{"1@1", "3@1", "-3", "3@2", "2@2"}));
  EXPECT_EQ(all.heard.size(), 7U);
}

TEST(Hub, subscription_that_takes_the_place_of_another_hears_on) {
  for (const bool single : {false, true}) {
    Hub hub;
    Recorder recorder;
    const auto subscribe = [&] { return single ? hub.subscribe(recorder, {1}) : hub.subscribe(recorder); };
    auto subscription = subscribe();
    {
      const auto before = std::move(subscription);
      subscription = subscribe();
    }
    hub.publish(reading_of(1, 1));
    EXPECT_EQ(recorder.heard, Heard{"1@1"});
  }
}

}  // namespace
}  // namespace gensetd::live
