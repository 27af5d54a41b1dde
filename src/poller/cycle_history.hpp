#pragma once

#include "link/time_slots.hpp"
#include "poller/schedule.hpp"

#include <cstdint>
#include <optional>

namespace gensetd::poller {

// How many cycles succeeded and failed.
struct CycleCounts {
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;

  std::uint32_t cycles() const { return succeeded + failed; }
  std::optional<double> success_rate() const;  // 0 to 1; empty when there was no cycle
  CycleCounts& operator+=(const CycleCounts& other);
  bool operator==(const CycleCounts&) const = default;
};

// The results of one device's cycles of the last hour: of the current minute and the 59 before it.
class CycleHistory {
 public:
  void note(bool succeeded, SteadyTime now);
  CycleCounts last_hour(SteadyTime now) const { return minutes_.sum(now); }

 private:
  link::TimeSlots<CycleCounts, 60> minutes_{std::chrono::minutes{1}};
};

}  // namespace gensetd::poller
