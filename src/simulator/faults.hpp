#pragma once

#include "modbus/read_request.hpp"
#include "simulator/options.hpp"
#include "simulator/random.hpp"
#include "simulator/register_bank.hpp"
#include "simulator/responder.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace gensetd::simulator {

// An answer before anything happens to it, and what it needs to be mistaken for another.
struct Undelivered {
  modbus::Protocol protocol = modbus::Protocol::tcp;
  Bytes answer;
  std::optional<modbus::ReadRequest> read;  // what was asked
  const RegisterBank* registers = nullptr;  // of the unit asked
};

// Bytes that are sent together, some time after those before them.
struct Segment {
  Bytes bytes;
  std::chrono::milliseconds pause{0};
};

// Bytes that are sent so long after the answer's time, while the line is free.
struct LateBytes {
  Bytes bytes;
  std::chrono::milliseconds after{0};
};

// What becomes of one answer.
struct Delivery {
  std::chrono::milliseconds delay{0};  // before the first segment; the line is busy meanwhile
  bool reset = false;                  // the connection is reset instead
  bool hang = false;                   // nothing comes through the connection any more
  bool hold = false;                   // sent together with the next answer
  std::vector<Segment> segments;       // none: silence
  std::vector<LateBytes> late;
};

// Decides the fate of each answer. Whether a fault hits an answer, and what it then does, follows from the
// seed and the number of answers before, and not from which other faults are switched on.
class FaultMaker {
 public:
  FaultMaker(const Faults& faults, std::uint64_t seed) : faults_(faults), random_(seed) {}

  void set(const Faults& faults) { faults_ = faults; }
  const Faults& faults() const { return faults_; }
  Delivery deliver(Undelivered undelivered);

 private:
  Faults faults_;
  Random random_;
};

}  // namespace gensetd::simulator
