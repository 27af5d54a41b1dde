#pragma once

#include "link/transaction.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gensetd::link {

// Sums of recent amounts, in bounded memory and without a timer: of the current time slot and the `count` - 1
// slots before it. Slots are `width` long and begin at its multiples. `now` never goes back.
template <class Amount, std::size_t count>
class TimeSlots {
 public:
  explicit constexpr TimeSlots(std::chrono::nanoseconds width) : width_(width) {}

  // The current slot, to add to. Clears slots that are too old.
  Amount& at(SteadyTime now) {
    const std::int64_t slot = slot_of(now);
    if (slot - newest_ >= signed_count) slots_.fill({});
    newest_ = std::max(newest_, slot - signed_count);
    while (newest_ < slot) place(++newest_) = {};
    return place(newest_);
  }

  Amount sum(SteadyTime now) const {
    Amount total{};
    const std::int64_t oldest = std::max<std::int64_t>(0, slot_of(now) - signed_count + 1);
    for (std::int64_t slot = newest_; slot >= oldest && slot > newest_ - signed_count; --slot)
      total += slots_[static_cast<std::size_t>(slot) % count];
    return total;
  }

  // The begin of the oldest slot that sum() contains.
  SteadyTime begin(SteadyTime now) const { return SteadyTime{(slot_of(now) - signed_count + 1) * width_}; }
  SteadyTime end_of_slot(SteadyTime time) const { return SteadyTime{(slot_of(time) + 1) * width_}; }

 private:
  static constexpr auto signed_count = static_cast<std::int64_t>(count);

  std::int64_t slot_of(SteadyTime time) const { return time.time_since_epoch() / width_; }
  Amount& place(std::int64_t slot) { return slots_[static_cast<std::size_t>(slot) % count]; }

  std::chrono::nanoseconds width_;
  std::int64_t newest_ = 0;  // the steady clock starts with the machine
  std::array<Amount, count> slots_{};
};

}  // namespace gensetd::link
