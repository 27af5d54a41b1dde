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

// What a set is there for.
enum class Duty : std::uint8_t {
  continuous,  // runs from the beginning and does not stop
  cycling,     // starts, carries load, stops, rests: once in two to three minutes
  stopped,     // in stop mode, never starts
};

// The order of events of a genset controller: which status, for how long, and when the breaker moves.
// Use: one step() per plant step. Invariant: the breaker is closed in `running` only.
class Sequence {
 public:
  Sequence(Duty duty, Random& random);

  struct Conditions {
    bool synchronised = false;  // voltage, frequency and phase fit the busbar
    bool unloaded = false;      // carries next to nothing
  };
  void step(const Conditions& conditions, Random& random);

  Status status() const { return status_; }
  bool breaker_closed() const { return status_ == Status::running; }
  bool unloading() const { return unloading_; }
  bool starting() const { return started_; }  // the engine fired in this step

 private:
  void enter(Status status, Random& random);
  void leave(const Conditions& conditions, Random& random);

  Status status_ = Status::standby;
  double remaining_seconds_ = 0;
  bool unloading_ = false;
  bool started_ = false;
};

}  // namespace gensetd::simulator
