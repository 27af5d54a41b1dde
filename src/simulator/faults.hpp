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

// A response before any fault, with the data needed to construct a lookalike.
struct PendingResponse {
  modbus::Protocol protocol = modbus::Protocol::tcp;
  Bytes response;
  std::optional<modbus::ReadRequest> read;  // the requested range
  const RegisterBank* registers = nullptr;  // of the requested unit
};

// Bytes that are sent together, after a pause.
struct Segment {
  Bytes bytes;
  std::chrono::milliseconds pause{0};
};

// Bytes that are sent this long after the response was due, while the line is free.
struct DelayedBytes {
  Bytes bytes;
  std::chrono::milliseconds after{0};
};

// How one response is sent.
struct Delivery {
  std::chrono::milliseconds delay{0};  // before the first segment; the line is busy meanwhile
  bool reset = false;                  // the connection is reset instead
  bool hang = false;                   // the connection carries no more bytes
  bool hold = false;                   // sent together with the next response
  std::vector<Segment> segments;       // none: no response
  std::vector<DelayedBytes> late;
};

// Applies the faults to each response. Whether a fault hits a response, and its details, depend on the seed
// and the number of earlier responses, but not on which other faults are enabled.
class FaultInjector {
 public:
  FaultInjector(const LineFaults& faults, std::uint64_t seed) : faults_(faults), random_(seed) {}

  void set(const LineFaults& faults) { faults_ = faults; }
  const LineFaults& faults() const { return faults_; }
  Delivery deliver(PendingResponse pending_response);

 private:
  LineFaults faults_;
  Random random_;
};

}  // namespace gensetd::simulator
