#pragma once

#include "link/time_slots.hpp"
#include "poller/schedule.hpp"

#include <cstdint>
#include <optional>

namespace gensetd::poller {

// How many cycles ended how.
struct CycleTally {
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;

  std::uint32_t cycles() const { return succeeded + failed; }
  std::optional<double> success_rate() const;  // 0 to 1; empty when there was no cycle
  CycleTally& operator+=(const CycleTally& other);
  bool operator==(const CycleTally&) const = default;
};

// How one device's cycles of the last hour ended: of the minute under way and of the 59 before it.
class CycleHistory {
 public:
  void note(bool succeeded, SteadyTime now);
  CycleTally last_hour(SteadyTime now) const { return minutes_.sum(now); }

 private:
  link::TimeSlots<CycleTally, 60> minutes_{std::chrono::minutes{1}};
};

}  // namespace gensetd::poller
