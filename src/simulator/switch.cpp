#include "simulator/switch.hpp"

#include "simulator/plant_time.hpp"

namespace gensetd::simulator {

void Switch::step(const Wish& wish, Random& random) {
  remaining_seconds_ -= step_seconds;
  const bool over = remaining_seconds_ <= 0;
  switch (status_) {
    case SwitchStatus::opened:
      if (wish.closed && wish.both_sides_live)
        return enter(SwitchStatus::synchronizing, random.between(3, 6));
      if (wish.closed) return enter(SwitchStatus::close_delay, 1);
      return;
    case SwitchStatus::synchronizing:
      if (!wish.closed) return enter(SwitchStatus::opened, 0);
      if (over || !wish.both_sides_live) return enter(SwitchStatus::close_delay, 1);
      return;
    case SwitchStatus::close_delay:
      if (!wish.closed) return enter(SwitchStatus::opened, 0);
      if (over) return enter(SwitchStatus::wait_closing, 0.4);
      return;
    case SwitchStatus::wait_closing:
      if (over) return enter(SwitchStatus::closed, 0);
      return;
    case SwitchStatus::closed:
      if (!wish.closed && wish.loaded) return enter(SwitchStatus::unloading, 8);
      if (!wish.closed) return enter(SwitchStatus::open_delay, 1);
      return;
    case SwitchStatus::unloading:
      if (wish.closed) return enter(SwitchStatus::closed, 0);
      if (over || !wish.loaded) return enter(SwitchStatus::open_delay, 1);
      return;
    case SwitchStatus::open_delay:
      if (wish.closed) return enter(SwitchStatus::closed, 0);
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
