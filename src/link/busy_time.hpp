#pragma once

#include "link/time_slots.hpp"

#include <chrono>

namespace gensetd::link {

// How long a line was busy: at least one request was under way, from its sending until its answer, or until
// none was waited for any more. Use: begin() when it gets busy, end() when nothing is under way any more;
// each time with `now`, which never goes back.
class BusyTime {
 public:
  void begin(SteadyTime now);
  void end(SteadyTime now);

  // All of it, the request under way included.
  std::chrono::nanoseconds total(SteadyTime now) const;

  // The part of the time that the line was busy, 0 to 1: since the first begin(), and over the last 60 to 70
  // s of that.
  double share(SteadyTime now) const;
  double recent_share(SteadyTime now) const;

 private:
  static constexpr std::chrono::seconds slot_width{10};

  void add(SteadyTime from, SteadyTime to);

  TimeSlots<std::chrono::nanoseconds, 7> recent_{slot_width};
  std::chrono::nanoseconds total_{0};
  SteadyTime first_ = SteadyTime::max();
  SteadyTime since_ = SteadyTime::max();  // busy since then
};

}  // namespace gensetd::link
