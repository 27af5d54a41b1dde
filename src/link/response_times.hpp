#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gensetd::link {

// How long the responses of one unit on a serial line take, including late ones. This limits the wait for a
// request that can be repeated: a lost response would otherwise occupy the line for the whole of
// MODBUS_TIMEOUT.
class ResponseTimes {
 public:
  void record(std::chrono::nanoseconds latency) {
    recent_ms_[next_] = static_cast<std::uint16_t>(std::clamp<std::int64_t>(
        std::chrono::ceil<std::chrono::milliseconds>(latency).count(), 0, UINT16_MAX));
    next_ = (next_ + 1) % recent_max;
    count_ = std::min(count_ + 1, recent_max);
  }

  // The time within which a response is expected, at most `timeout`: one and a half times the time that three
  // of four recent responses took, plus 150 ms for the converter. `timeout` until eight responses are known.
  std::chrono::milliseconds expected(std::chrono::milliseconds timeout) const {
    if (count_ < recent_least) return timeout;
    auto sorted = recent_ms_;
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(3 * count_ / 4);
    std::nth_element(sorted.begin(), place, end);
    return std::min(timeout, std::chrono::milliseconds{3 * *place / 2} + converter_time);
  }

 private:
  static constexpr std::size_t recent_max = 32;
  static constexpr std::size_t recent_least = 8;
  // A converter packs responses for up to 50 ms; with its own delays a response took 140 to 230 ms at sites.
  static constexpr std::chrono::milliseconds converter_time{150};

  std::array<std::uint16_t, recent_max> recent_ms_{};
  std::size_t count_ = 0;
  std::size_t next_ = 0;
};

}  // namespace gensetd::link
