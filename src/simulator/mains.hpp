#pragma once

#include "simulator/random.hpp"
#include "simulator/three_phase.hpp"

#include <cstdint>

namespace gensetd::simulator {

// The public grid at a site: near its nominal values, with outages of half a minute.
class Mains {
 public:
  explicit Mains(std::uint64_t seed);

  void step();
  bool present() const { return present_; }
  double frequency() const { return present_ ? nominal_frequency + frequency_drift_.value() : 0; }
  Phases phase_voltages() const;

 private:
  Random random_;
  Drift frequency_drift_{0.03};
  Drift voltage_drift_{1.5};
  Phases unbalance_;
  bool present_ = true;
  double remaining_seconds_;  // until the next failure or return
};

}  // namespace gensetd::simulator
