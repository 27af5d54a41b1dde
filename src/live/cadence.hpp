#pragma once

#include "reading/reading.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace gensetd::live {

// How far apart the readings of one device are: the median of the last ten distances, so that one late cycle
// does not change it. Measured on the monotonic clock. Empty until there are three. A failed cycle is no
// reading, and what comes after it is not measured from before it.
class Cadence {
 public:
  void note(const reading::Reading& newest);
  std::optional<std::chrono::milliseconds> median() const { return median_; }

 private:
  static constexpr std::size_t distances_max = 10;
  static constexpr std::size_t distances_min = 3;

  void settle();

  std::optional<reading::SteadyTime> last_;
  std::array<std::uint32_t, distances_max> distances_ms_{};
  std::uint8_t count_ = 0;
  std::uint8_t next_ = 0;
  std::optional<std::chrono::milliseconds> median_;
};

}  // namespace gensetd::live
