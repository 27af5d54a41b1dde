#include "live/mailbox.hpp"

#include "live/readings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace gensetd::live {
namespace {

TEST(Mailbox, keeps_the_newest_of_each_device_in_the_order_they_were_added) {
  Mailbox mailbox;
  EXPECT_FALSE(mailbox.put(reading_of(2, 1)));
  EXPECT_FALSE(mailbox.put(reading_of(1, 1)));
  EXPECT_TRUE(mailbox.put(reading_of(2, 9))) << "it replaces a reading";
  EXPECT_EQ(mailbox.size(), 2U);
  const auto first = mailbox.take();
  EXPECT_EQ(first->device_id, 2);
  EXPECT_EQ(first->timestamp.time_since_epoch().count(), 9);
  EXPECT_EQ(mailbox.take()->device_id, 1);
  EXPECT_EQ(mailbox.take(), nullptr);
}

TEST(Mailbox, behaves_like_a_simple_list_under_any_sequence) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Mailbox mailbox;
  std::vector<std::pair<std::int64_t, std::int64_t>> model;  // device, time
  for (std::int64_t step = 1; step < 50'000; ++step) {
    const auto device_id = static_cast<std::int64_t>(random() % 8);
    const auto found = std::ranges::find(model, device_id, &std::pair<std::int64_t, std::int64_t>::first);
    switch (random() % 4) {
      case 0:
      case 1:
        mailbox.put(reading_of(device_id, step));
        if (found == model.end()) {
          model.emplace_back(device_id, step);
        } else {
          found->second = step;
        }
        break;
      case 2:
        mailbox.forget(device_id);
        if (found != model.end()) model.erase(found);
        break;
      default: {
        const auto taken = mailbox.take();
        ASSERT_EQ(taken == nullptr, model.empty());
        if (!taken) break;
        ASSERT_EQ(taken->device_id, model.front().first);
        ASSERT_EQ(taken->timestamp.time_since_epoch().count(), model.front().second);
        model.erase(model.begin());
      }
    }
    ASSERT_EQ(mailbox.size(), model.size());
    ASSERT_EQ(mailbox.empty(), model.empty());
  }
}

}  // namespace
}  // namespace gensetd::live
