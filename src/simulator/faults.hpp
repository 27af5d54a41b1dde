#pragma once

#include "modbus/read_request.hpp"
#include "simulator/options.hpp"
#include "simulator/responder.hpp"

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

namespace gensetd::simulator {

// Bytes that are sent together, some time after those before them.
struct Segment {
  Bytes bytes;
  std::chrono::milliseconds pause{0};
};

// What becomes of one answer.
struct Delivery {
  std::chrono::milliseconds delay{0};    // before the first segment; the line is busy meanwhile
  std::chrono::milliseconds late_by{0};  // not zero: sent so much later, and the line is free meanwhile
  bool reset = false;                    // the connection is reset instead
  bool hold = false;                     // sent together with the next answer
  std::vector<Segment> segments;         // none: silence
};

// Decides the fate of each answer. Every decision is drawn for every answer, so what one fault does depends
// on the seed and the number of answers before, not on which others are switched on.
class FaultMaker {
 public:
  FaultMaker(const Faults& faults, std::uint64_t seed) : faults_(faults), random_(seed) {}

  void set(const Faults& faults) { faults_ = faults; }
  Delivery deliver(Bytes answer, modbus::Protocol protocol);

 private:
  struct Draws;
  bool happens(double probability);
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  Bytes spoil(Bytes answer, const Draws& drawn, bool rtu);
  std::vector<Segment> cut(const Bytes& bytes);
  Bytes garbage();
  Bytes foreign_frame(const Bytes& answer, bool rtu);

  Faults faults_;
  std::mt19937_64 random_;
};

}  // namespace gensetd::simulator
