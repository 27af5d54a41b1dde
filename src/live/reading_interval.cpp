#include "live/reading_interval.hpp"

#include <algorithm>
#include <limits>

namespace gensetd::live {
namespace {

// Whether the cycle of a reading succeeded. This is unknown for a foreign reading, which counts as success.
bool is_fresh(const reading::Reading& reading) { return !reading.content || reading.content->is_fresh(); }

}  // namespace

void ReadingInterval::note(const reading::Reading& newest) {
  if (!is_fresh(newest)) {
    last_.reset();
    return;
  }
  if (last_) {
    const auto interval = std::chrono::round<std::chrono::milliseconds>(newest.at - *last_).count();
    intervals_ms_[next_] = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(interval, 0, std::numeric_limits<std::uint32_t>::max()));
    next_ = static_cast<std::uint8_t>((next_ + 1U) % intervals_max);
    if (count_ < intervals_max) ++count_;
    update_median();
  }
  last_ = newest.at;
}

void ReadingInterval::update_median() {
  if (count_ < intervals_min) return;
  auto sorted = intervals_ms_;
  const auto end = sorted.begin() + count_;
  const auto middle = sorted.begin() + count_ / 2;
  std::nth_element(sorted.begin(), middle, end);
  median_ = std::chrono::milliseconds{*middle};
}

}  // namespace gensetd::live
