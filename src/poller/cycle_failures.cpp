#include "poller/cycle_failures.hpp"

namespace gensetd::poller {

void CycleFailures::begin() {
  line_time_ = {};
  in_a_row_ = 0;
  failing_since_.reset();
}

void CycleFailures::note(const link::Outcome& outcome, SteadyTime now) {
  if (outcome.error) line_time_ += outcome.latency;
  const link::FollowUp next = link::follow_up(outcome);
  if (next == link::FollowUp::take || next == link::FollowUp::refuse) {
    in_a_row_ = 0;
    failing_since_.reset();
    return;
  }
  ++in_a_row_;
  if (!failing_since_) failing_since_ = now - outcome.latency;
}

link::FailureStreak CycleFailures::streak(SteadyTime now) const {
  return {.spent = line_time_,
          .lasting = failing_since_ ? now - *failing_since_ : std::chrono::nanoseconds{0},
          .in_a_row = in_a_row_};
}

}  // namespace gensetd::poller
