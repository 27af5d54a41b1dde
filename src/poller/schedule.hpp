#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace gensetd::poller {

using SteadyTime = std::chrono::steady_clock::time_point;

// When one device is read, and how long to wait for it.
struct PollSettings {
  std::chrono::milliseconds poll_interval{2'000};  // between the starts of two cycles
  std::chrono::milliseconds modbus_timeout{2'000};
  std::chrono::milliseconds retry_delay{5'000};
  int offline_after = 1;                       // failed cycles in a row before the device is offline
  std::chrono::milliseconds connect_delay{0};  // between connecting and the first request

  bool operator==(const PollSettings&) const = default;
};

// A device's own setting in seconds, or `otherwise` when there is none. Also `otherwise` for values that are
// unusable as a delay: less than a millisecond, more than a day, or not a number. The registry rejects these;
// this is the second check.
std::chrono::milliseconds own_or(std::optional<double> seconds, std::chrono::milliseconds otherwise);

// The next start of a device's cycle. Each device has its own slots, one every interval, spread evenly over
// the interval by device id and always the same, so cycles neither drift nor bunch. Two starts are never two
// intervals apart, unless the cycle takes that long: when a cycle ends so late that its next slot would be
// two intervals after its start, the next cycle starts at once. The slots in between are skipped. A cycle
// never starts sooner than half an interval after `last_start`.
//
//   interval 2 s, phase 0.3 s, slots 0.3 2.3 4.3 6.3:
//   started 2.3, ended 2.9: next 4.3      started 2.3, ended 4.4: next 4.4 (6.3 would be two intervals later)
//   first one started at 1.9, ended 2.1: next 4.3 (2.3 is too soon)
SteadyTime next_start(std::int64_t device_id, std::chrono::milliseconds interval, SteadyTime last_start,
                      SteadyTime now);

// The number of the device's slot that has begun last at `time`. Consecutive slots have consecutive numbers.
std::int64_t slot_number(std::int64_t device_id, std::chrono::milliseconds interval, SteadyTime time);

// How many slots of `interval` were skipped between two starts.
std::int64_t slots_missed(std::chrono::milliseconds interval, SteadyTime last_start, SteadyTime next);

// The delay before a new or edited device is first read, so that many of them are spread over the first 0.8 s
// (or over their interval when that is shorter). `random` is evenly distributed over all its values.
std::chrono::milliseconds first_delay(std::chrono::milliseconds interval, std::uint32_t random);

}  // namespace gensetd::poller
