#include "link/close_after_responses.hpp"

#include <algorithm>

namespace gensetd::link {

void CloseAfterResponses::opened() { responses_ = 0; }

void CloseAfterResponses::responded(SteadyTime now) {
  ++responses_;
  responded_at_ = now;
  if (responses_ > usual_responses_) same_in_a_row_ = 0;
}

void CloseAfterResponses::closed(bool request_pending, SteadyTime now) {
  const auto delay = now - responded_at_;
  const bool is_sign = responses_ > 0 && delay <= close_delay_max && (request_pending || is_close_expected());
  if (!is_sign || responses_ != usual_responses_) {
    same_in_a_row_ = 0;
    close_delay_ = std::chrono::nanoseconds{0};
  }
  if (!is_sign) return;
  if (responses_ != usual_responses_ || is_close_expected()) needed_ = needed_min;
  usual_responses_ = responses_;
  ++same_in_a_row_;
  idle_in_a_row_ = request_pending ? 0 : idle_in_a_row_ + 1;
  close_delay_ = std::max<std::chrono::nanoseconds>(close_delay_, delay);
}

SteadyTime CloseAfterResponses::wait_until() const {
  return is_close_expected() ? responded_at_ + close_delay_ + margin : SteadyTime::min();
}

// The peer has not closed the connection in time.
void CloseAfterResponses::sent(SteadyTime now) {
  if (!is_close_expected() || wait_until() > now) return;
  same_in_a_row_ = 0;
  close_delay_ = std::chrono::nanoseconds{0};
  needed_ = std::min(4 * needed_, needed_max);
}

}  // namespace gensetd::link
