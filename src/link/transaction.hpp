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

// Registers or bits that may be read in addition to the wanted ones, so that the response has a size of its
// own: first..end-1 in all, at most `limit` of them in one request. None by default.
struct ExtensionRange {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  std::uint16_t limit = 0;
};

// One request and how to carry it out.
struct Transaction {
  modbus::ReadRequest request;
  ExtensionRange extension;  // where register counts distinguish responses: serial lines and gateways
  modbus::Protocol protocol = modbus::Protocol::tcp;
  std::chrono::milliseconds timeout{2'000};    // to connect, and again to wait for the response
  std::chrono::milliseconds request_gap{0};    // silence on the line before the request
  std::chrono::milliseconds connect_delay{0};  // pause between connecting and the first request
  bool repeatable = false;  // serial line: another attempt follows, so this one may wait less than `timeout`
  std::uint16_t requests_in_flight = 1;  // Modbus TCP only: on one connection
  // How long the request may wait until its response can be distinguished from every other one. After that it
  // ends with Error::not_repeated.
  std::chrono::milliseconds hold_max = std::chrono::hours{1};
};

inline bool is_serial(const Transaction& transaction) {
  return transaction.protocol == modbus::Protocol::rtu_over_tcp;
}

// What was received while a request waited and was not its response, for error texts. A pair is set only if
// such a frame was received.
struct Observations {
  std::optional<std::uint16_t> transaction_id;  // of a frame that is the response except for this,
  std::uint16_t own_transaction_id = 0;         // and the id of the request
  std::optional<std::uint16_t> register_count;  // of a frame with the right unit id,
  std::uint16_t own_register_count = 0;         // and the count of the request
  std::chrono::milliseconds waited{0};  // how long the request waited, if less than the timeout; otherwise 0
  std::chrono::milliseconds late{0};  // how long a recent late response of this unit took; 0: there was none
};

// How a transaction ended.
struct Outcome {
  modbus::ReadRequest request;          // as submitted; the request on the wire may be longer or shorter
  boost::system::error_code error;      // link::Error or modbus::ResponseError; none: `registers` is set
  boost::system::error_code cause;      // the operating system's error, if there is one
  std::uint8_t exception = 0;           // with modbus::ResponseError::exception_response
  std::chrono::nanoseconds latency{0};  // from sending the request to its end; 0: it was not sent
  // The connection is younger than new_connection_grace() and the one before it worked: the controller may
  // not be ready.
  bool new_connection = false;
  std::optional<std::uint8_t>
      other_unit;  // unit id of a valid frame that arrived instead; only with foreign_response
  Observations observed;
  std::span<const std::uint8_t> registers;  // or bits, as received; valid only during finished()
};

// Receives the outcome of its transactions. Called on the link's thread; may submit the next transaction from
// these functions. They should not throw: an exception closes the connection, which costs all its requests.
class TransactionHandler {
 public:
  virtual void finished(const Outcome& outcome) = 0;

  // The response to `request`, which was reported before, may have been another master's: later traffic made
  // it suspect. At most two seconds after finished().
  virtual void response_suspected([[maybe_unused]] const modbus::ReadRequest& request) {}

 protected:
  ~TransactionHandler() = default;
};

}  // namespace gensetd::link
