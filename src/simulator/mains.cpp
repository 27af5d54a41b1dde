#include "simulator/mains.hpp"

#include "simulator/plant_time.hpp"

namespace gensetd::simulator {

Mains::Mains(std::uint64_t seed)
    : random_(seed),
      unbalance_{random_.between(-1.5, 1.5), random_.between(-1.5, 1.5), random_.between(-1.5, 1.5)},
      remaining_seconds_(random_.between(120, 240)) {}

void Mains::step() {
  frequency_drift_.step(random_);
  voltage_drift_.step(random_);
  remaining_seconds_ -= step_seconds;
  if (remaining_seconds_ > 0) return;
  present_ = !present_;
  remaining_seconds_ = present_ ? random_.between(240, 480) : random_.between(30, 45);
}

Phases Mains::phase_voltages() const {
  if (!present_) return {0, 0, 0};
  const double middle = nominal_phase_voltage + voltage_drift_.value();
  return {middle + unbalance_[0], middle + unbalance_[1], middle + unbalance_[2]};
}

}  // namespace gensetd::simulator
