#pragma once

#include "link/time_slots.hpp"

#include <chrono>

namespace gensetd::link {

// How long a connection was busy: at least one request was pending. Use: begin() when the first request
// becomes pending, end() when none is; each with `now`, which never goes back.
class BusyTime {
 public:
  void begin(SteadyTime now);
  void end(SteadyTime now);

  // The total, including the pending request.
  std::chrono::nanoseconds total(SteadyTime now) const;

  // The busy share of the time, 0 to 1: since the first begin(), and within the last 60 to 70 s of it.
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
