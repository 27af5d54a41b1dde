#pragma once

#include "simulator/options.hpp"
#include "simulator/random.hpp"

#include <chrono>
#include <cstdint>

namespace gensetd::simulator {

// Whether the line is silent at this time after its start. The seed determines the outage's position within
// each period.
inline bool is_silent(const LineOutage& outage, std::uint64_t seed, std::chrono::milliseconds since_start) {
  if (outage.lasting.count() <= 0 || outage.period.count() <= 0 || since_start.count() < 0) return false;
  if (outage.lasting >= outage.period) return true;
  const auto period = static_cast<std::uint64_t>(since_start / outage.period);
  const auto in_period = since_start % outage.period;
  const auto room = static_cast<std::uint64_t>((outage.period - outage.lasting).count());
  const std::chrono::milliseconds begin{Random(seed_of_part(seed, period)).next() % (room + 1)};
  return in_period >= begin && in_period < begin + outage.lasting;
}

}  // namespace gensetd::simulator
