#include "simulator/sequence.hpp"

#include "simulator/plant_time.hpp"

#include <limits>

namespace gensetd::simulator {
namespace {

constexpr double failed_crank_chance = 0.25;

// Duration of a status; shorter than at a real genset, so that changes can be observed. `wait_load` and
// `running` end by their conditions: here the duration is the longest wait, and the least time, respectively.
double duration_seconds(Status status, Random& random) {
  switch (status) {
    case Status::standby:
      return random.between(25, 45);
    case Status::preheat:
      return 3;
    case Status::fuel_on:
      return 1;
    case Status::cranking:
      return random.between(2, 4);
    case Status::crank_rest:
      return 4;
    case Status::safety_run:
      return 5;
    case Status::idle:
      return 5;
    case Status::warming:
      return 10;
    case Status::wait_load:
      return 20;
    case Status::running:
      return random.between(45, 75);
    case Status::cooling:
      return 15;
    case Status::idle_stop:
      return 5;
    case Status::ets:
      return 2;
    case Status::wait_stop:
      return 6;
    case Status::post_stop:
      return 3;
    case Status::stop_failure:
      return 10;
  }
  return 0;
}

}  // namespace

Sequence::Sequence(OperatingMode operating_mode, Random& random) {
  if (operating_mode == OperatingMode::cycling) remaining_seconds_ = random.between(8, 20);
  if (operating_mode == OperatingMode::continuous) enter(Status::running, random);
  if (operating_mode != OperatingMode::cycling) remaining_seconds_ = std::numeric_limits<double>::infinity();
}

void Sequence::step(const Conditions& conditions, Random& random) {
  started_ = false;
  remaining_seconds_ -= step_seconds;
  const bool ready = status_ == Status::wait_load && conditions.synchronised;
  if (ready || remaining_seconds_ <= 0) leave(conditions, random);
}

void Sequence::trip(Random& random) {
  is_tripped_ = true;
  unloading_ = false;
  if (status_ == Status::standby) {
    remaining_seconds_ = std::numeric_limits<double>::infinity();
  } else {
    enter(Status::ets, random);
  }
}

void Sequence::leave(const Conditions& conditions, Random& random) {
  switch (status_) {
    case Status::standby:
      return enter(Status::preheat, random);
    case Status::preheat:
      return enter(Status::fuel_on, random);
    case Status::fuel_on:
      return enter(Status::cranking, random);
    case Status::cranking:
      if (random.chance(failed_crank_chance)) return enter(Status::crank_rest, random);
      started_ = true;
      return enter(Status::safety_run, random);
    case Status::crank_rest:
      return enter(Status::cranking, random);
    case Status::safety_run:
      return enter(Status::idle, random);
    case Status::idle:
      return enter(Status::warming, random);
    case Status::warming:
      return enter(Status::wait_load, random);
    case Status::wait_load:  // without synchronisation the genset cools down and tries again
      return enter(conditions.synchronised ? Status::running : Status::cooling, random);
    case Status::running:
      unloading_ = true;
      if (!conditions.unloaded) return;
      unloading_ = false;
      return enter(Status::cooling, random);
    case Status::cooling:
      return enter(Status::idle_stop, random);
    case Status::idle_stop:
      return enter(Status::ets, random);
    case Status::ets:
      return enter(Status::wait_stop, random);
    case Status::wait_stop:
      return enter(Status::post_stop, random);
    case Status::post_stop:
    case Status::stop_failure:
      return enter(Status::standby, random);
  }
}

void Sequence::enter(Status status, Random& random) {
  status_ = status;
  remaining_seconds_ = is_tripped_ && status == Status::standby ? std::numeric_limits<double>::infinity()
                                                                : duration_seconds(status, random);
}

}  // namespace gensetd::simulator
