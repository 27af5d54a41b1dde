#pragma once

#include "modbus/read_request.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <span>

namespace gensetd::link {

// One request with all that it takes to carry it out.
struct Transaction {
  modbus::ReadRequest request;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  std::chrono::milliseconds timeout{2'000};  // to connect, and again to wait for the answer
  std::chrono::milliseconds request_gap{0};  // silence on the line before the request
};

// How a transaction ended.
struct Outcome {
  modbus::ReadRequest request;
  boost::system::error_code error;          // link::Error or modbus::Error; none: answered
  boost::system::error_code cause;          // the system's reason, where there is one
  std::uint8_t exception = 0;               // with modbus::Error::exception_answer
  std::span<const std::uint8_t> registers;  // the answer as it came; lives for the call of finished()
};

// Who asks. Called on the link's thread; may submit the next transaction from within.
class Requester {
 public:
  virtual void finished(const Outcome& outcome) = 0;

 protected:
  ~Requester() = default;
};

// What a link has seen since it exists.
struct Counters {
  std::uint64_t connects = 0;
  std::uint64_t requests = 0;
  std::uint64_t answers = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t broken_frames = 0;   // wrong CRC
  std::uint64_t foreign_frames = 0;  // good frames that answer somebody else, or come too late
  std::uint64_t garbage_bytes = 0;
};

}  // namespace gensetd::link
