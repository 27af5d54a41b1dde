#pragma once

#include "modbus/frame.hpp"
#include "modbus/read_request.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <variant>

// Modbus RTU frames inside a byte stream (serial line guide V1.02, 2.5.1). The pauses between frames do not
// survive a converter, so frames are cut by structure and CRC.
namespace gensetd::modbus {

inline constexpr std::size_t rtu_frame_max = 256;  // serial line guide V1.02, 2.5.1
inline constexpr std::size_t rtu_request_length = 8;
inline constexpr std::uint8_t rtu_unit_max = 247;  // serial line guide V1.02, 2.2

std::array<std::uint8_t, rtu_request_length> encode_rtu(const ReadRequest& request);

// The length of an answer to a request for `register_count` registers.
constexpr std::size_t rtu_answer_length(std::uint16_t register_count) { return 5U + 2U * register_count; }

// A frame with a good CRC, whoever sent it.
struct RtuFrame {
  enum class Kind : std::uint8_t {
    answer,     // to reading holding registers: `count` and `registers`
    request,    // to read holding registers: `first` and `count`
    exception,  // `exception`; `function` without its high bit
    other,      // any other function, request or answer
  };
  Kind kind = Kind::other;
  std::uint8_t unit_id = 0;
  std::uint8_t function = 0;
  std::uint8_t exception = 0;
  std::uint16_t first = 0;
  std::uint16_t count = 0;
  std::span<const std::uint8_t> registers;  // a view into the bytes given
  std::size_t length = 0;                   // of the frame, CRC included
  std::uint16_t crc = 0;
};

// The bytes of the line begin with the first `length` bytes of nothing.
struct Garbage {
  std::size_t length;
};

using RtuCut = std::variant<Incomplete, RtuFrame, Garbage>;

// What stands at the beginning of `received`, the bytes of the line that are not used up yet. Garbage is one
// byte, so that a good frame behind it is found. `silent`: nothing has come for longer than a converter
// pauses within a frame, so what is not complete never will be.
//
// A head that promises a longer frame is waited for, also when a good frame seems to stand behind it: that
// may be the payload of the longer one. Silence tells.
RtuCut cut_rtu(std::span<const std::uint8_t> received, bool silent);

// Whether `received` is a whole Modbus TCP frame of this unit's answer: the peer speaks the other protocol.
bool looks_like_tcp(const ReadRequest& request, std::span<const std::uint8_t> received);

}  // namespace gensetd::modbus
