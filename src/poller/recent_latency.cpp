#include "poller/recent_latency.hpp"

#include <algorithm>
#include <limits>

namespace gensetd::poller {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

void RecentLatency::note(nanoseconds latency) {
  constexpr std::int64_t us_max = std::numeric_limits<std::uint32_t>::max();
  const std::int64_t latency_us = std::chrono::duration_cast<microseconds>(latency).count();
  newest_us_[answers_ % newest_us_.size()] =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(latency_us, 0, us_max));
  ++answers_;
  sum_ += latency;
}

LatencyFigures RecentLatency::figures() const {
  LatencyFigures figures{
      .answers = answers_,
      .sum = sum_,
      .recent = static_cast<std::size_t>(std::min<std::uint64_t>(answers_, newest_us_.size()))};
  if (figures.recent == 0) return figures;
  std::uint64_t sum_us = 0;
  std::uint32_t max_us = 0;
  for (std::size_t index = 0; index < figures.recent; ++index) {
    sum_us += newest_us_[index];
    max_us = std::max(max_us, newest_us_[index]);
  }
  figures.last = microseconds{newest_us_[(answers_ - 1) % newest_us_.size()]};
  figures.mean = nanoseconds{1'000 * sum_us / figures.recent};
  figures.max = microseconds{max_us};
  return figures;
}

}  // namespace gensetd::poller
