#include "simulator/switch.hpp"

#include "simulator/plant_time.hpp"

namespace gensetd::simulator {

void Switch::step(const Inputs& inputs, Random& random) {
  remaining_seconds_ -= step_seconds;
  const bool over = remaining_seconds_ <= 0;
  switch (status_) {
    case SwitchStatus::opened:
      if (inputs.close_requested && inputs.both_sides_live)
        return enter(SwitchStatus::synchronizing, random.between(3, 6));
      if (inputs.close_requested) return enter(SwitchStatus::close_delay, 1);
      return;
    case SwitchStatus::synchronizing:
      if (!inputs.close_requested) return enter(SwitchStatus::opened, 0);
      if (over || !inputs.both_sides_live) return enter(SwitchStatus::close_delay, 1);
      return;
    case SwitchStatus::close_delay:
      if (!inputs.close_requested) return enter(SwitchStatus::opened, 0);
      if (over) return enter(SwitchStatus::wait_closing, 0.4);
      return;
    case SwitchStatus::wait_closing:
      if (over) return enter(SwitchStatus::closed, 0);
      return;
    case SwitchStatus::closed:
      if (!inputs.close_requested && inputs.loaded) return enter(SwitchStatus::unloading, 8);
      if (!inputs.close_requested) return enter(SwitchStatus::open_delay, 1);
      return;
    case SwitchStatus::unloading:
      if (inputs.close_requested) return enter(SwitchStatus::closed, 0);
      if (over || !inputs.loaded) return enter(SwitchStatus::open_delay, 1);
      return;
    case SwitchStatus::open_delay:
      if (inputs.close_requested) return enter(SwitchStatus::closed, 0);
      if (over) return enter(SwitchStatus::wait_opening, 0.4);
      return;
    case SwitchStatus::wait_opening:
      if (over) return enter(SwitchStatus::opened, 0);
      return;
  }
}

void Switch::enter(SwitchStatus status, double seconds) {
  status_ = status;
  remaining_seconds_ = seconds;
}

}  // namespace gensetd::simulator
