#include "live/hub.hpp"

#include "live/readings.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::live {
namespace {

struct Recorder final : ReadingListener {
  std::vector<std::string> notifications;
  void changed(const ReadingPtr& newest) override {
    notifications.push_back(std::to_string(newest->device_id) + "@" +
                            std::to_string(newest->timestamp.time_since_epoch().count()));
  }
  void removed(std::int64_t device_id) override { notifications.push_back("-" + std::to_string(device_id)); }
};

using Notifications = std::vector<std::string>;

// A foreign reading with `epoch` and `seq` that arrives at `at` milliseconds.
ReadingPtr numbered(std::int64_t device_id, std::int64_t at, const std::string& epoch, std::uint64_t seq) {
  auto made = std::make_shared<reading::Reading>(*reading_of(device_id, at, false));
  made->epoch = epoch;
  made->seq = seq;
  made->json = epoch + std::to_string(seq);
  return made;
}

// The same reading with another timestamp.
ReadingPtr stamped(const ReadingPtr& reading, std::chrono::milliseconds wall) {
  auto made = std::make_shared<reading::Reading>(*reading);
  made->timestamp = reading::Timestamp{wall};
  return made;
}

TEST(Hub, own_readings_are_ordered_by_their_number) {
  Hub hub;
  Recorder recorder;
  const auto subscription = hub.subscribe(recorder);
  EXPECT_EQ(hub.publish(reading_of(1, 100)), PublishResult::newest);
  EXPECT_EQ(hub.publish(reading_of(1, 100)), PublishResult::outdated);
  EXPECT_EQ(hub.publish(reading_of(1, 99)), PublishResult::outdated);
  EXPECT_EQ(hub.publish(reading_of(2, 50)), PublishResult::newest);
  EXPECT_EQ(hub.publish(reading_of(1, 101)), PublishResult::newest);
  EXPECT_EQ(recorder.notifications, (Notifications{"1@100", "2@50", "1@101"}));
  EXPECT_EQ(hub.newest(1)->seq, 101U);
  EXPECT_EQ(hub.newest(3), nullptr);
}

// The clock is set back by an hour and by 14 days, set ahead by 200 days, and corrected.
TEST(Hub, a_step_of_the_clock_neither_stops_nor_reorders_own_readings) {
  Hub hub;
  std::int64_t number = 0;
  const std::chrono::hours now{24 * 20'000};
  for (const int error_hours : {0, -1, -14 * 24, 200 * 24, 0}) {
    const auto wall = std::chrono::milliseconds{now + std::chrono::hours{error_hours}};
    EXPECT_EQ(hub.publish(stamped(reading_of(1, ++number), wall)), PublishResult::newest);
    EXPECT_EQ(hub.newest(1)->timestamp.time_since_epoch(), wall);
  }
}

TEST(Hub, removed_device_is_notified_once_and_can_return_with_any_number) {
  Hub hub;
  Recorder recorder;
  const auto subscription = hub.subscribe(recorder);
  hub.publish(reading_of(1, 100));
  hub.remove(1);
  hub.remove(1);
  EXPECT_EQ(hub.publish(reading_of(1, 5)), PublishResult::newest);
  EXPECT_EQ(recorder.notifications, (Notifications{"1@100", "-1", "1@5"}));
}

TEST(Hub, iteration_over_devices_is_by_id_while_they_are_added_and_removed) {
  Hub hub;
  hub.claim(1);
  hub.claim(5);
  for (const std::int64_t id : {7, 2, 9, 4}) hub.publish(reading_of(id, 1));
  EXPECT_EQ(hub.next_after(0)->device_id, 2) << "devices that are not read yet are skipped";
  hub.remove(4);
  hub.publish(reading_of(3, 1));
  hub.publish(reading_of(7, 2));
  hub.claim(7);
  EXPECT_EQ(hub.next_after(2)->device_id, 3);
  EXPECT_EQ(hub.next_after(3), hub.newest(7));
  hub.remove(7);
  hub.remove(7);
  hub.remove(5);
  EXPECT_EQ(hub.next_after(3)->device_id, 9);
  EXPECT_EQ(hub.next_after(9), nullptr);
}

TEST(Hub, own_reading_replaces_a_foreign_one_whatever_their_times) {
  for (const std::int64_t foreign_at : {1, 1'000'000}) {
    Hub hub;
    hub.publish(reading_of(1, foreign_at, false));
    EXPECT_EQ(hub.publish(reading_of(1, 5)), PublishResult::newest);
    EXPECT_NE(hub.newest(1)->content, nullptr);
    EXPECT_EQ(hub.publish(reading_of(1, foreign_at + 1, false)), PublishResult::polled_here);
    EXPECT_EQ(hub.newest(1)->seq, 5U);
    EXPECT_EQ(hub.foreign().devices, 0U);
  }
}

TEST(Hub, claimed_device_loses_its_foreign_reading_at_once_and_accepts_no_other) {
  Hub hub;
  hub.publish(reading_of(1, 10, false));
  Recorder recorder;
  const auto subscription = hub.subscribe(recorder);
  EXPECT_TRUE(hub.claim(1));
  EXPECT_FALSE(hub.claim(1));
  EXPECT_FALSE(hub.claim(2));
  EXPECT_EQ(hub.publish(reading_of(1, 20, false)), PublishResult::polled_here);
  EXPECT_EQ(hub.publish(reading_of(2, 20, false)), PublishResult::polled_here);
  EXPECT_EQ(hub.newest(1), nullptr);
  EXPECT_TRUE(hub.all().empty());
  hub.expire_foreign(reading::SteadyTime::max());
  hub.publish(reading_of(1, 5));
  hub.remove(2);  // which was never notified
  hub.remove(1);
  EXPECT_EQ(hub.publish(reading_of(1, 6, false)), PublishResult::newest) << "the claim has ended";
  EXPECT_EQ(recorder.notifications, (Notifications{"-1", "1@5", "-1", "1@6"}));
}

TEST(Hub, foreign_readings_are_ordered_by_number_within_an_epoch) {
  Hub hub;
  EXPECT_EQ(hub.publish(numbered(1, 10, "a", 7)), PublishResult::newest);
  EXPECT_EQ(hub.publish(numbered(1, 11, "a", 6)), PublishResult::outdated);
  EXPECT_EQ(hub.publish(numbered(1, 12, "a", 7)), PublishResult::outdated);
  EXPECT_EQ(hub.publish(numbered(1, 13, "b", 1)), PublishResult::newest) << "the publisher has started again";
  EXPECT_EQ(hub.publish(numbered(1, 14, "b", 2)), PublishResult::newest);
  EXPECT_EQ(hub.publish(reading_of(1, 15, false)), PublishResult::newest)
      << "and was replaced by a version without numbers";
}

// The clock of the publisher was a day or years ahead, and is corrected.
TEST(Hub, foreign_readings_without_a_number_are_ordered_as_they_arrive) {
  Hub hub;
  std::int64_t arrival = 0;
  for (const int hours : {24 * 20'000, 24 * 20'001, 24 * 30'000, 24 * 20'000, 1}) {
    EXPECT_EQ(hub.publish(stamped(reading_of(1, ++arrival, false), std::chrono::hours{hours})),
              PublishResult::newest);
  }
  EXPECT_EQ(hub.publish(reading_of(1, arrival, false)), PublishResult::outdated) << "the same message again";
}

// Only the arrival by the monotonic clock of this machine counts.
TEST(Hub, foreign_readings_expire_by_their_arrival) {
  Hub hub;
  hub.publish(reading_of(1, 10));
  hub.publish(stamped(reading_of(2, 10, false), std::chrono::hours{24 * 30'000}));
  hub.publish(stamped(reading_of(3, 20, false), std::chrono::hours{1}));
  Recorder recorder;
  const auto subscription = hub.subscribe(recorder);
  hub.expire_foreign(reading_of(0, 20)->at);
  EXPECT_EQ(recorder.notifications, Notifications{"-2"});
  EXPECT_EQ(hub.all().size(), 2U);
  EXPECT_EQ(hub.foreign().devices, 1U);
}

TEST(Hub, number_of_foreign_devices_is_bounded_and_own_ones_do_not_count) {
  Hub hub;
  for (std::int64_t id = 1; id <= static_cast<std::int64_t>(foreign_max.devices); ++id)
    ASSERT_EQ(hub.publish(reading_of(id, 1, false)), PublishResult::newest);
  const std::int64_t next = foreign_max.devices + 1;
  EXPECT_EQ(hub.publish(reading_of(next, 1, false)), PublishResult::limit_reached);
  EXPECT_EQ(hub.newest(next), nullptr);
  EXPECT_EQ(hub.publish(reading_of(1, 2, false)), PublishResult::newest)
      << "known devices are still accepted";
  EXPECT_EQ(hub.publish(reading_of(next, 1)), PublishResult::newest);
  hub.claim(1);
  EXPECT_EQ(hub.publish(reading_of(next + 1, 1, false)), PublishResult::newest);
  hub.expire_foreign(reading::SteadyTime::max());
  EXPECT_EQ(hub.foreign().devices, 0U);
  EXPECT_EQ(hub.foreign().bytes, 0U);
}

TEST(Hub, bytes_of_foreign_readings_are_bounded) {
  Hub hub;
  constexpr std::size_t large = foreign_max.bytes / 4;
  const auto of_size = [&](std::int64_t id, std::size_t size, char letter) {
    auto made = std::make_shared<reading::Reading>(*reading_of(id, 1, false));
    made->json.assign(size, letter);
    return made;
  };
  for (std::int64_t id = 1; id <= 4; ++id)
    EXPECT_EQ(hub.publish(of_size(id, large, 'a')), PublishResult::newest);
  EXPECT_EQ(hub.foreign().bytes, foreign_max.bytes);
  EXPECT_EQ(hub.publish(of_size(5, 1, 'a')), PublishResult::limit_reached);
  EXPECT_EQ(hub.publish(of_size(1, large + 1, 'b')), PublishResult::limit_reached);
  EXPECT_EQ(hub.publish(of_size(1, large, 'b')), PublishResult::newest);
  EXPECT_EQ(hub.publish(of_size(1, 1, 'c')), PublishResult::newest);
  EXPECT_EQ(hub.publish(of_size(5, 1, 'a')), PublishResult::newest);
}

TEST(Hub, all_is_ascending_by_device) {
  Hub hub;
  for (const std::int64_t device_id : {7, 1, 3}) hub.publish(reading_of(device_id, 1));
  std::vector<std::int64_t> ids;
  for (const auto& held : hub.all()) ids.push_back(held->device_id);
  EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 3, 7}));
}

TEST(Hub, moved_subscriptions_are_notified_and_ended_ones_are_not) {
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
  EXPECT_EQ(first.notifications, Notifications{"1@1"});
  EXPECT_EQ(second.notifications, Notifications{"1@1"});
}

TEST(Hub, subscription_to_devices_is_not_notified_of_others) {
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
  EXPECT_EQ(one.notifications, (Notifications{"3@1", "-3"}));
  EXPECT_EQ(some.notifications, (Notifications{"1@1", "3@1", "-3", "3@2", "2@2"}));
  EXPECT_EQ(all.notifications.size(), 7U);
}

TEST(Hub, subscription_that_replaces_another_is_notified) {
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
    EXPECT_EQ(recorder.notifications, Notifications{"1@1"});
  }
}

}  // namespace
}  // namespace gensetd::live
