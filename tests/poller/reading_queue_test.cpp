#include "poller/reading_queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <poll.h>
#include <thread>
#include <vector>

namespace gensetd::poller {
namespace {

constexpr std::size_t ring = ReadingQueue::ring_readings;

ReadingQueue::Item item(std::int64_t device_id, std::uint64_t generation) {
  auto reading = std::make_shared<reading::Reading>();
  reading->device_id = device_id;
  return {.reading = std::move(reading), .generation = generation};
}

bool is_readable(const ReadingQueue& queue, int timeout_ms = 0) {
  pollfd descriptor{.fd = queue.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&descriptor, 1, timeout_ms) == 1;
}

// The generations of each device, in the order received.
std::map<std::int64_t, std::vector<std::uint64_t>> taken(ReadingQueue& queue) {
  std::map<std::int64_t, std::vector<std::uint64_t>> all;
  queue.take_all(
      [&](const ReadingQueue::Item& one) { all[one.reading->device_id].push_back(one.generation); });
  return all;
}

TEST(ReadingQueue, wakes_once_for_all_pushed_readings_and_again_for_the_next) {
  ReadingQueue queue;
  EXPECT_FALSE(is_readable(queue));
  queue.push(item(1, 1));
  queue.push(item(2, 1));
  EXPECT_TRUE(is_readable(queue));
  EXPECT_EQ(taken(queue).size(), 2U);
  EXPECT_FALSE(is_readable(queue));
  queue.push(item(1, 2));
  EXPECT_TRUE(is_readable(queue));
}

TEST(ReadingQueue, holds_the_newest_of_each_device_when_the_ring_is_full) {
  ReadingQueue queue;
  for (std::uint64_t count = 0; count < ring; ++count) queue.push(item(1, count));
  EXPECT_FALSE(queue.has_held());
  for (std::uint64_t count = ring; count < ring + 10; ++count) {
    queue.push(item(1, count));
    queue.push(item(2, count));
  }
  EXPECT_TRUE(queue.has_held());
  EXPECT_EQ(taken(queue)[1].size(), ring);
  queue.push_held();
  EXPECT_FALSE(queue.has_held());
  EXPECT_TRUE(is_readable(queue));
  const std::map<std::int64_t, std::vector<std::uint64_t>> newest{{1, {ring + 9}}, {2, {ring + 9}}};
  EXPECT_EQ(taken(queue), newest);
}

TEST(ReadingQueue, held_readings_precede_readings_pushed_later) {
  ReadingQueue queue;
  for (std::uint64_t count = 0; count <= ring; ++count) queue.push(item(1, count));
  ASSERT_TRUE(queue.has_held());
  taken(queue);
  queue.push(item(1, ring + 1));
  EXPECT_EQ(taken(queue)[1], (std::vector<std::uint64_t>{ring, ring + 1}));
}

TEST(ReadingQueue, readings_of_a_device_pass_between_two_threads_in_order) {
  constexpr std::uint64_t last = 50'000;
  constexpr std::int64_t devices = 7;
  ReadingQueue queue;
  std::thread polling([&] {
    for (std::uint64_t count = 1; count <= last; ++count)
      for (std::int64_t device = 0; device < devices; ++device) queue.push(item(device, count));
    while (queue.has_held()) {
      queue.push_held();
      std::this_thread::yield();
    }
  });
  std::vector<std::uint64_t> newest(devices, 0);
  // A lost wake-up would end this loop with the last readings still in the ring.
  while (newest != std::vector<std::uint64_t>(devices, last) && is_readable(queue, 30'000)) {
    queue.take_all([&](const ReadingQueue::Item& one) {
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
