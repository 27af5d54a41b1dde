#pragma once

#include "reading/reading.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace gensetd::live {

// The interval between the readings of one device: the median of the last ten intervals, so that one late
// cycle does not change it. Measured on the monotonic clock. Empty until three intervals are known. A failed
// cycle does not count, and an interval never spans one. (The API calls it `cadence_ms`.)
class ReadingInterval {
 public:
  void note(const reading::Reading& newest);
  std::optional<std::chrono::milliseconds> median() const { return median_; }

 private:
  static constexpr std::size_t intervals_max = 10;
  static constexpr std::size_t intervals_min = 3;

  void update_median();

  std::optional<reading::SteadyTime> last_;
  std::array<std::uint32_t, intervals_max> intervals_ms_{};
  std::uint8_t count_ = 0;
  std::uint8_t next_ = 0;
  std::optional<std::chrono::milliseconds> median_;
};

}  // namespace gensetd::live
