#include "link/close_after_responses.hpp"

#include <algorithm>

namespace gensetd::link {

void CloseAfterResponses::opened() { responses_ = 0; }

void CloseAfterResponses::responded(SteadyTime now) {
  ++responses_;
  responded_at_ = now;
}

void CloseAfterResponses::closed(SteadyTime now) {
  const auto delay = now - responded_at_;
  if (responses_ == 0 || delay > close_delay_max) return;
  if (responses_ != usual_responses_) {
    usual_responses_ = responses_;
    same_in_a_row_ = 0;
    close_delay_ = std::chrono::nanoseconds{0};
  }
  ++same_in_a_row_;
  close_delay_ = std::max<std::chrono::nanoseconds>(close_delay_, delay);
}

SteadyTime CloseAfterResponses::wait_until() const {
  return is_close_expected() ? responded_at_ + 2 * close_delay_ + margin : SteadyTime::min();
}

// The peer has not closed the connection in time: it does not do so any more.
void CloseAfterResponses::sent(SteadyTime now) {
  if (is_close_expected() && wait_until() <= now) same_in_a_row_ = 0;
}

}  // namespace gensetd::link
