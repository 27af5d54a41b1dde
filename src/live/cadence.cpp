#include "live/cadence.hpp"

#include <algorithm>
#include <limits>

namespace gensetd::live {
namespace {

// Whether the cycle behind a reading succeeded. Another process's reading does not say; it counts.
bool is_fresh(const reading::Reading& reading) { return !reading.facts || reading.facts->is_fresh(); }

}  // namespace

void Cadence::note(const reading::Reading& newest) {
  if (!is_fresh(newest)) {
    last_.reset();
    return;
  }
  if (last_) {
    const auto distance = std::chrono::round<std::chrono::milliseconds>(newest.at - *last_).count();
    distances_ms_[next_] = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(distance, 0, std::numeric_limits<std::uint32_t>::max()));
    next_ = static_cast<std::uint8_t>((next_ + 1U) % distances_max);
    if (count_ < distances_max) ++count_;
    settle();
  }
  last_ = newest.at;
}

void Cadence::settle() {
  if (count_ < distances_min) return;
  auto sorted = distances_ms_;
  const auto end = sorted.begin() + count_;
  const auto middle = sorted.begin() + count_ / 2;
  std::nth_element(sorted.begin(), middle, end);
  median_ = std::chrono::milliseconds{*middle};
}

}  // namespace gensetd::live
