#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

// What the bytes received so far are, as an answer to one request. Both framings answer in these terms; a
// frame is compared completely with the request before anything of it is used.
namespace gensetd::modbus {

inline constexpr std::uint8_t read_holding_registers = 0x03;  // V1.1b3, 6.3
inline constexpr std::uint8_t exception_bit = 0x80;           // V1.1b3, 7

// Why a frame is not the answer to our request.
enum class Mismatch : std::uint8_t {
  garbage,         // bytes that start no frame
  broken,          // RTU: our answer by its head, but the CRC is wrong
  transaction_id,  // TCP: answers another request of this connection
  unit_id,
  function,
  byte_count,
  other_protocol,  // bytes of the other framing
};

// The frame is not complete: at least `needed` bytes in all are needed to say more (never more than 260).
struct Incomplete {
  std::size_t needed;
};

// Our answer: the registers as they came (big-endian, two bytes each), a view into the bytes given.
struct Answer {
  std::span<const std::uint8_t> registers;
  std::size_t length;  // of the frame, from the start of the bytes given
};

// The controller refuses our request with this exception code (V1.1b3, 7).
struct Refused {
  std::uint8_t exception;
  std::size_t length;
};

// The first `length` bytes are not ours: evidence of traffic, never data. Drop them and look again.
struct NotOurs {
  std::size_t length;
  Mismatch why;
};

using Assembled = std::variant<Incomplete, Answer, Refused, NotOurs>;

}  // namespace gensetd::modbus
