#pragma once

#include "reading/reading.hpp"

#include <chrono>

namespace gensetd::reading {

// The wall clock in the resolution that readings and rows have.
inline Timestamp system_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// Both clocks at one instant: the steady one for delays and ages, the wall clock for people.
struct Moment {
  SteadyTime steady;
  Timestamp wall;

  static Moment now() { return {std::chrono::steady_clock::now(), system_now()}; }
};

// By how much the wall clock was set between two moments: negative when it was set back.
inline std::chrono::milliseconds clock_step(const Moment& earlier, const Moment& later) {
  return (later.wall - earlier.wall) -
         std::chrono::round<std::chrono::milliseconds>(later.steady - earlier.steady);
}

// A smaller step is a correction that needs no mention (and two readings of two clocks are never exactly at
// once).
inline constexpr std::chrono::seconds clock_step_noted{60};

}  // namespace gensetd::reading
