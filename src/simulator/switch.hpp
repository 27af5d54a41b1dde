#pragma once

#include "simulator/random.hpp"

#include <cstdint>

namespace gensetd::simulator {

// The specification's SWITCH_STATUS.
enum class SwitchStatus : std::uint8_t {
  synchronizing = 0,
  close_delay = 1,
  wait_closing = 2,
  closed = 3,
  unloading = 4,
  open_delay = 5,
  wait_opening = 6,
  opened = 7,
};

// A motor-driven breaker of a switchboard, with the states between open and closed.
class Switch {
 public:
  explicit Switch(bool closed) : status_(closed ? SwitchStatus::closed : SwitchStatus::opened) {}

  struct Inputs {
    bool close_requested = false;
    bool both_sides_live = false;  // the breaker synchronises before it closes
    bool loaded = false;           // the breaker is unloaded before it opens
  };
  void step(const Inputs& inputs, Random& random);

  SwitchStatus status() const { return status_; }
  bool conducts() const { return status_ >= SwitchStatus::closed && status_ <= SwitchStatus::wait_opening; }

 private:
  void enter(SwitchStatus status, double seconds);

  SwitchStatus status_;
  double remaining_seconds_ = 0;
};

}  // namespace gensetd::simulator
