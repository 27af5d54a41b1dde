#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gensetd::poller {

// How long a device took to answer: from the request on the wire to the end of its answer, turns and gaps not
// included.
struct LatencyFigures {
  std::uint64_t answers = 0;        // since the start
  std::chrono::nanoseconds sum{0};  // of all of them
  std::size_t recent = 0;           // of how many of the newest the rest is
  std::chrono::nanoseconds last{0};
  std::chrono::nanoseconds mean{0};
  std::chrono::nanoseconds max{0};
};

// The answers of one device: all in sum, and the newest 64 one by one.
class RecentLatency {
 public:
  void note(std::chrono::nanoseconds latency);
  LatencyFigures figures() const;

 private:
  std::uint64_t answers_ = 0;
  std::chrono::nanoseconds sum_{0};
  std::array<std::uint32_t, 64> newest_us_{};  // a request waits for a minute at most
};

}  // namespace gensetd::poller
