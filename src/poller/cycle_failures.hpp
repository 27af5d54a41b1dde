#pragma once

#include "link/retry_policy.hpp"
#include "poller/schedule.hpp"

#include <chrono>
#include <optional>

namespace gensetd::poller {

// The failed requests of one cycle, as link/retry_policy needs them. Use: begin() with each cycle, note()
// each outcome.
class CycleFailures {
 public:
  void begin();
  void note(const link::Outcome& outcome, SteadyTime now);
  void note_pause(std::chrono::nanoseconds time) { line_time_ += time; }

  // The last request failed; an exception is a response.
  bool is_failing() const { return failing_since_.has_value(); }
  link::FailureStreak streak(SteadyTime now) const;

 private:
  std::chrono::nanoseconds line_time_{0};
  int in_a_row_ = 0;
  std::optional<SteadyTime> failing_since_;  // when the first of the failed requests in a row was sent
};

}  // namespace gensetd::poller
