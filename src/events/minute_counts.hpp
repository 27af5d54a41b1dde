#pragma once

#include "reading/reading.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace gensetd::events {

// How many alarms were raised in each minute of the last day, by the steady clock.
class MinuteCounts {
 public:
  using SteadyTime = reading::SteadyTime;

  void note(SteadyTime when) {
    Minute& minute = minutes_[index_of(when)];
    const std::int64_t number = number_of(when);
    if (minute.number != number) minute = {number, 0};
    ++minute.count;
  }

  // The sum of the current minute and those before it, `minutes` in all, at most a day.
  std::uint64_t last(int minutes, SteadyTime now) const {
    std::uint64_t sum = 0;
    for (int back = 0; back < minutes; ++back) {
      const SteadyTime when = now - std::chrono::minutes{back};
      const Minute& minute = minutes_[index_of(when)];
      if (minute.number == number_of(when)) sum += minute.count;
    }
    return sum;
  }

  static constexpr int minutes_of_a_day = 1'440;

 private:
  struct Minute {
    std::int64_t number = -1;
    std::uint32_t count = 0;
  };

  static std::int64_t number_of(SteadyTime when) {
    return std::chrono::floor<std::chrono::minutes>(when).time_since_epoch().count();
  }
  static std::size_t index_of(SteadyTime when) {
    const std::int64_t number = number_of(when);
    return static_cast<std::size_t>(((number % minutes_of_a_day) + minutes_of_a_day) % minutes_of_a_day);
  }

  std::array<Minute, minutes_of_a_day> minutes_;
};

}  // namespace gensetd::events
