#include "events/running_time.hpp"

#include <algorithm>

namespace gensetd::events {
namespace {

constexpr std::int64_t sum_max = std::int64_t{1} << 53;  // gensetd never writes a larger one

}  // namespace

std::int64_t RunningTime::advanced(std::int64_t stored, SteadyTime now) {
  stored = std::clamp<std::int64_t>(stored, 0, sum_max);
  if (anchor_) {
    const std::int64_t sum =
        anchor_->sum + std::chrono::floor<std::chrono::seconds>(now - anchor_->at).count();
    if (stored >= last_stored_ && stored <= sum) return std::min(sum, sum_max);
  }
  anchor_ = Anchor{.sum = stored, .at = now};
  return stored;
}

}  // namespace gensetd::events
