#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gensetd::poller {

// How long a device took to respond: from the request on the wire to the end of its response, without the
// time that the request waited for its turn.
struct LatencyMetrics {
  std::uint64_t responses = 0;      // since the start
  std::chrono::nanoseconds sum{0};  // of all of them
  std::size_t recent = 0;           // how many of the newest the other members describe
  std::chrono::nanoseconds last{0};
  std::chrono::nanoseconds mean{0};
  std::chrono::nanoseconds max{0};
};

// The latencies of one device: the sum of all, and the newest 64 individually.
class RecentLatency {
 public:
  void note(std::chrono::nanoseconds latency);
  LatencyMetrics metrics() const;

 private:
  std::uint64_t responses_ = 0;
  std::chrono::nanoseconds sum_{0};
  std::array<std::uint32_t, 64> newest_us_{};  // at most 60 s each, the maximum timeout
};

}  // namespace gensetd::poller
