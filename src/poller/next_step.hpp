#pragma once

#include "link/transaction.hpp"

#include <cstdint>

namespace gensetd::poller {

// What the end of a transaction means for the cycle.
enum class NextStep : std::uint8_t {
  take,             // registers came
  refuse,           // the controller lives and does not give these registers
  ask_again,        // an accident that a second attempt may well cure
  ask_differently,  // like ask_again; and a controller that knows no such range may answer the same way
  give_up,          // a second attempt would end alike, or cost as much again
};

// The policy of all errors, with its reasons beside each. An unknown one means: give up, safe and visible.
NextStep next_step(const link::Outcome& outcome);

}  // namespace gensetd::poller
