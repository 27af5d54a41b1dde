#pragma once

#include "modbus/read_request.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

// What the received bytes are, compared with one request. A frame is compared completely with the request
// before any part of it is used.
namespace gensetd::modbus {

inline constexpr std::uint8_t exception_bit = 0x80;  // V1.1b3, 7

// Whether the bits that fill the last byte of a response are 0 (V1.1b3, 6.1). If not, it responds to a
// request for more bits with the same byte count.
inline bool has_clear_padding(Function function, std::uint16_t count, std::span<const std::uint8_t> data) {
  const unsigned used = count % 8U;
  return !reads_bits(function) || used == 0 || data.empty() || data.back() >> used == 0;
}

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

// Our response: its data as received (registers: big-endian, two bytes each; bits: eight to a byte, the first
// one lowest), a view into the given bytes.
struct Response {
  std::span<const std::uint8_t> data;
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
