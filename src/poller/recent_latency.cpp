#include "poller/recent_latency.hpp"

#include <algorithm>
#include <limits>

namespace gensetd::poller {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

void RecentLatency::note(nanoseconds latency) {
  constexpr std::int64_t us_max = std::numeric_limits<std::uint32_t>::max();
  const std::int64_t latency_us = std::chrono::duration_cast<microseconds>(latency).count();
  newest_us_[responses_ % newest_us_.size()] =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(latency_us, 0, us_max));
  ++responses_;
  sum_ += latency;
}

LatencyMetrics RecentLatency::metrics() const {
  LatencyMetrics metrics{
      .responses = responses_,
      .sum = sum_,
      .recent = static_cast<std::size_t>(std::min<std::uint64_t>(responses_, newest_us_.size()))};
  if (metrics.recent == 0) return metrics;
  std::uint64_t sum_us = 0;
  std::uint32_t max_us = 0;
  for (std::size_t index = 0; index < metrics.recent; ++index) {
    sum_us += newest_us_[index];
    max_us = std::max(max_us, newest_us_[index]);
  }
  metrics.last = microseconds{newest_us_[(responses_ - 1) % newest_us_.size()]};
  metrics.mean = nanoseconds{1'000 * sum_us / metrics.recent};
  metrics.max = microseconds{max_us};
  return metrics;
}

}  // namespace gensetd::poller
