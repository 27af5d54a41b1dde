#include "poller/handover.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <poll.h>
#include <thread>
#include <vector>

namespace gensetd::poller {
namespace {

constexpr std::size_t ring = Handover::ring_readings;

Handover::Item item(std::int64_t device_id, std::uint64_t generation) {
  auto reading = std::make_shared<reading::Reading>();
  reading->device_id = device_id;
  return {.reading = std::move(reading), .generation = generation};
}

bool is_readable(const Handover& handover, int patience = 0) {
  pollfd descriptor{.fd = handover.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&descriptor, 1, patience) == 1;
}

// The generations of each device, in the order of their coming.
std::map<std::int64_t, std::vector<std::uint64_t>> taken(Handover& handover) {
  std::map<std::int64_t, std::vector<std::uint64_t>> all;
  handover.take_all(
      [&](const Handover::Item& one) { all[one.reading->device_id].push_back(one.generation); });
  return all;
}

TEST(Handover, wakes_once_for_all_that_came_and_again_for_the_next) {
  Handover handover;
  EXPECT_FALSE(is_readable(handover));
  handover.put(item(1, 1));
  handover.put(item(2, 1));
  EXPECT_TRUE(is_readable(handover));
  EXPECT_EQ(taken(handover).size(), 2U);
  EXPECT_FALSE(is_readable(handover));
  handover.put(item(1, 2));
  EXPECT_TRUE(is_readable(handover));
}

TEST(Handover, holds_the_newest_of_each_device_when_the_ring_is_full) {
  Handover handover;
  for (std::uint64_t count = 0; count < ring; ++count) handover.put(item(1, count));
  EXPECT_FALSE(handover.is_holding());
  for (std::uint64_t count = ring; count < ring + 10; ++count) {
    handover.put(item(1, count));
    handover.put(item(2, count));
  }
  EXPECT_TRUE(handover.is_holding());
  EXPECT_EQ(taken(handover)[1].size(), ring);
  handover.push_held();
  EXPECT_FALSE(handover.is_holding());
  EXPECT_TRUE(is_readable(handover));
  const std::map<std::int64_t, std::vector<std::uint64_t>> newest{{1, {ring + 9}}, {2, {ring + 9}}};
  EXPECT_EQ(taken(handover), newest);
}

TEST(Handover, what_was_held_goes_before_what_is_put_after_it) {
  Handover handover;
  for (std::uint64_t count = 0; count <= ring; ++count) handover.put(item(1, count));
  ASSERT_TRUE(handover.is_holding());
  taken(handover);
  handover.put(item(1, ring + 1));
  EXPECT_EQ(taken(handover)[1], (std::vector<std::uint64_t>{ring, ring + 1}));
}

TEST(Handover, between_two_threads_each_device_comes_in_order_to_its_last) {
  constexpr std::uint64_t last = 50'000;
  constexpr std::int64_t devices = 7;
  Handover handover;
  std::thread polling([&] {
    for (std::uint64_t count = 1; count <= last; ++count)
      for (std::int64_t device = 0; device < devices; ++device) handover.put(item(device, count));
    while (handover.is_holding()) {
      handover.push_held();
      std::this_thread::yield();
    }
  });
  std::vector<std::uint64_t> newest(devices, 0);
  // A wake that is lost would leave this waiting with the last readings in the ring.
  while (newest != std::vector<std::uint64_t>(devices, last) && is_readable(handover, 30'000)) {
    handover.take_all([&](const Handover::Item& one) {
      auto& known = newest[static_cast<std::size_t>(one.reading->device_id)];
      EXPECT_LT(known, one.generation);
      known = one.generation;
    });
  }
  polling.join();
  EXPECT_EQ(newest, std::vector<std::uint64_t>(devices, last));
}

}  // namespace
}  // namespace gensetd::poller
