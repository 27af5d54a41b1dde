#include "poller/schedule.hpp"

#include <algorithm>
#include <cmath>

namespace gensetd::poller {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds first_delay_max{800};

// A part of `whole`, evenly distributed like `random`.
milliseconds part(milliseconds whole, std::uint32_t random) {
  return milliseconds{static_cast<std::int64_t>(
      (static_cast<std::uint64_t>(whole.count()) * static_cast<std::uint64_t>(random)) >> 32)};
}

// Multiples of the golden ratio spread consecutive ids evenly, however many there are (Knuth, TAOCP 3, 6.4).
milliseconds phase_of(std::int64_t device_id, milliseconds interval) {
  return part(interval, static_cast<std::uint32_t>(device_id) * 2'654'435'769U);
}

}  // namespace

milliseconds own_or(std::optional<double> seconds, milliseconds otherwise) {
  constexpr double least = 0.001;
  constexpr double most = 86'400;
  if (!seconds || !(*seconds >= least && *seconds <= most)) return otherwise;  // NaN is neither
  return milliseconds{std::llround(*seconds * 1'000.0)};
}

SteadyTime next_start(std::int64_t device_id, milliseconds interval, SteadyTime last_start, SteadyTime now) {
  interval = std::max(interval, milliseconds{1});
  const nanoseconds phase = phase_of(device_id, interval);
  const SteadyTime earliest = std::max(now, last_start + nanoseconds{interval} / 2);
  const nanoseconds since_phase = earliest.time_since_epoch() - phase;
  const std::int64_t slot = since_phase / nanoseconds{interval} + 1;
  const SteadyTime next{phase + slot * nanoseconds{interval}};
  // Only a cycle that takes longer than an interval gets here.
  return next - last_start >= 2 * nanoseconds{interval} ? now : next;
}

std::int64_t slot_number(std::int64_t device_id, milliseconds interval, SteadyTime time) {
  interval = std::max(interval, milliseconds{1});
  const nanoseconds since_phase = time.time_since_epoch() - phase_of(device_id, interval);
  return since_phase / nanoseconds{interval};
}

std::int64_t slots_missed(milliseconds interval, SteadyTime last_start, SteadyTime next) {
  interval = std::max(interval, milliseconds{1});
  // The first slot after a start is half an interval to one and a half intervals later.
  return std::max<std::int64_t>(0, (next - last_start - nanoseconds{interval} / 2) / nanoseconds{interval});
}

milliseconds first_delay(milliseconds interval, std::uint32_t random) {
  return part(std::min(interval, first_delay_max), random);
}

}  // namespace gensetd::poller
