#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

// What the received bytes are, compared with one request. A frame is compared completely with the request
// before any part of it is used.
namespace gensetd::modbus {

inline constexpr std::uint8_t read_holding_registers = 0x03;  // V1.1b3, 6.3
inline constexpr std::uint8_t exception_bit = 0x80;           // V1.1b3, 7

// Why bytes are not the response to our request.
enum class Mismatch : std::uint8_t {
  garbage,         // the bytes begin no frame
  broken,          // RTU: begins like our response, but the CRC is wrong
  transaction_id,  // TCP: the response to another request on this connection
  unit_id,
  function,
  byte_count,
  other_protocol,  // the bytes use the other framing
};

// The frame is incomplete: at least `needed` bytes in all are needed to continue (never more than 260).
struct Incomplete {
  std::size_t needed;
};

// Our response: its registers as received (big-endian, two bytes each), a view into the given bytes.
struct Response {
  std::span<const std::uint8_t> registers;
  std::size_t length;  // of the frame, from the start of the given bytes
};

// The controller refuses our request with this exception code (V1.1b3, 7).
struct Refused {
  std::uint8_t exception;
  std::size_t length;
};

// The first `length` bytes are not our response: evidence of traffic, never data. Discard them and parse
// again.
struct Mismatched {
  std::size_t length;
  Mismatch why;
};

using ResponseParse = std::variant<Incomplete, Response, Refused, Mismatched>;

}  // namespace gensetd::modbus
