#pragma once

#include "simulator/random.hpp"

#include <cstdint>

namespace gensetd::simulator {

// The specification's GEN_STATUS_CODES.
enum class Status : std::uint8_t {
  standby = 0,
  preheat = 1,
  fuel_on = 2,
  cranking = 3,
  crank_rest = 4,
  safety_run = 5,
  idle = 6,
  warming = 7,
  wait_load = 8,
  running = 9,
  cooling = 10,
  idle_stop = 11,
  ets = 12,
  wait_stop = 13,
  post_stop = 14,
  stop_failure = 15,
};

// How a genset is operated.
enum class OperatingMode : std::uint8_t {
  continuous,  // runs from the start and never stops
  cycling,     // starts, carries load and stops every two to three minutes
  stopped,     // in stop mode, never starts
};

// The state machine of a genset controller: each status, its duration, and the breaker.
// Use: one step() per plant step. Invariant: the breaker is closed only in `running`.
class Sequence {
 public:
  Sequence(OperatingMode operating_mode, Random& random);

  struct Conditions {
    bool synchronised = false;  // voltage, frequency and phase match the busbar
    bool unloaded = false;      // carries almost no load
  };
  void step(const Conditions& conditions, Random& random);

  // A protection stops the engine at once; it does not start again.
  void trip(Random& random);

  Status status() const { return status_; }
  bool breaker_closed() const { return status_ == Status::running; }
  bool unloading() const { return unloading_; }
  bool starting() const { return started_; }  // the engine started in this step

 private:
  void enter(Status status, Random& random);
  void leave(const Conditions& conditions, Random& random);

  Status status_ = Status::standby;
  double remaining_seconds_ = 0;
  bool unloading_ = false;
  bool started_ = false;
  bool is_tripped_ = false;
};

}  // namespace gensetd::simulator
