#pragma once

#include "reading/reading.hpp"

#include <chrono>

namespace gensetd::reading {

// The wall clock in milliseconds, the resolution of readings and database rows.
inline Timestamp system_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// The time by both clocks: the steady clock for delays and ages, the wall clock for display.
struct ClockPair {
  SteadyTime steady;
  Timestamp wall;

  static ClockPair now() { return {std::chrono::steady_clock::now(), system_now()}; }
};

// By how much the wall clock was set between two times; negative when it was set back.
inline std::chrono::milliseconds clock_step(const ClockPair& earlier, const ClockPair& later) {
  return (later.wall - earlier.wall) -
         std::chrono::round<std::chrono::milliseconds>(later.steady - earlier.steady);
}

// Smaller steps are not reported: they are corrections of NTP, or the time between reading the two clocks.
inline constexpr std::chrono::seconds clock_step_min{60};

}  // namespace gensetd::reading
