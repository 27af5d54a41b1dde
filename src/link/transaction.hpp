#pragma once

#include "link/counters.hpp"
#include "modbus/read_request.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

namespace gensetd::link {

using SteadyTime = std::chrono::steady_clock::time_point;

// Registers that may be read beside those wanted, so that the answer has a count of its own on a serial
// line: first..end-1 in all, and `limit` registers in one request. None by default.
struct Room {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  std::uint16_t limit = 0;
};

// One request with all that it takes to carry it out.
struct Transaction {
  modbus::ReadRequest request;
  Room room;  // rtu_over_tcp only
  modbus::Protocol protocol = modbus::Protocol::tcp;
  std::chrono::milliseconds timeout{2'000};    // to connect, and again to wait for the answer
  std::chrono::milliseconds request_gap{0};    // silence on the line before the request
  std::chrono::milliseconds connect_delay{0};  // pause between connecting and the first request
  bool repeatable = false;  // serial lines: another attempt follows, so this one may wait less than `timeout`
  std::uint16_t requests_in_flight = 1;  // Modbus TCP only: on one connection
  // How long the request may wait until its response can be told from every other one; then it ends with
  // Error::not_repeated.
  std::chrono::milliseconds hold_max = std::chrono::hours{1};
};

// What was received while a request waited and was not its response, for error texts. Each pair is filled
// only when it was seen.
struct Seen {
  std::optional<std::uint16_t> transaction_id;  // of a frame that fits except for this,
  std::uint16_t own_transaction_id = 0;         // instead of this one
  std::optional<std::uint16_t> register_count;  // of a frame of the right unit,
  std::uint16_t own_register_count = 0;         // instead of so many
  std::chrono::milliseconds waited{0};          // for the response, when that was less than the timeout
  std::chrono::milliseconds late{0};  // an earlier request to this unit was answered after this time
};

// How a transaction ended.
struct Outcome {
  modbus::ReadRequest request;          // as wanted, whatever was asked for it
  boost::system::error_code error;      // link::Error or modbus::Error; none: answered
  boost::system::error_code cause;      // the system's reason, where there is one
  std::uint8_t exception = 0;           // with modbus::Error::exception_answer
  std::chrono::nanoseconds latency{0};  // from the request to its end; 0: it was not sent
  bool new_connection = false;  // the first one behind one that worked, and so young that the controller may
                                // not be ready: new_connection_grace()
  std::optional<std::uint8_t> other_unit;  // unit id of a good frame that came instead, with foreign_answer
  Seen seen;
  std::span<const std::uint8_t> registers;  // the answer as it came; lives for the call of finished()
};

// Who asks. Called on the link's thread; may submit the next transaction from within. Catches its own
// exceptions: one that leaves these functions costs all requests of the connection.
class Requester {
 public:
  virtual void finished(const Outcome& outcome) = 0;

  // The answer to `request`, told a while ago, may have been somebody else's: another one of the same unit
  // and count came after it. At most two seconds after finished().
  virtual void doubted([[maybe_unused]] const modbus::ReadRequest& request) {}

 protected:
  ~Requester() = default;
};

}  // namespace gensetd::link
