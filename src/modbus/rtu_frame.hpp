#pragma once

#include "modbus/frame.hpp"
#include "modbus/read_request.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <variant>

// Modbus RTU frames inside a byte stream (serial line guide V1.02, 2.5.1). A converter does not preserve the
// pauses between frames, so frames are recognised by structure and CRC.
namespace gensetd::modbus {

inline constexpr std::size_t rtu_frame_max = 256;  // serial line guide V1.02, 2.5.1
inline constexpr std::size_t rtu_request_length = 8;
inline constexpr std::uint8_t rtu_unit_max = 247;  // serial line guide V1.02, 2.2

std::array<std::uint8_t, rtu_request_length> encode_rtu(const ReadRequest& request);

// The length in bytes of a response with `byte_count` bytes of data.
constexpr std::size_t rtu_response_length(std::size_t byte_count) { return 5U + byte_count; }

// A frame with a valid CRC, from any sender.
struct RtuFrame {
  enum class Kind : std::uint8_t {
    response,   // to a read (functions 1 to 4): `count` and `data` are set
    request,    // to read (functions 1 to 4): `first` and `count` are set
    exception,  // `exception` is set; `function` is without its high bit
    other,      // any other function, request or response
  };
  Kind kind = Kind::other;
  std::uint8_t unit_id = 0;
  std::uint8_t function = 0;
  std::uint8_t exception = 0;
  std::uint16_t first = 0;
  std::uint16_t count = 0;             // of registers or bits; in a response, eight bits for each byte
  std::span<const std::uint8_t> data;  // a view into the given bytes
  std::size_t length = 0;              // of the frame, including its CRC
  std::uint16_t crc = 0;

  // Of a response, and of the response that a request demands.
  ResponseHead response_head() const {
    const auto read = static_cast<Function>(function);
    return {unit_id, read, size_of(read, count)};
  }
};

// The first `length` bytes of the line are no frame.
struct Garbage {
  std::size_t length;
};

using RtuParse = std::variant<Incomplete, RtuFrame, Garbage>;

// What `received`, the unprocessed bytes of the line, begins with. Garbage is one byte long, so that a valid
// frame behind it is found. `silent`: nothing has arrived for longer than a converter pauses within a frame,
// so an incomplete frame stays incomplete.
//
// If a head promises a longer frame, the result is Incomplete even if a valid frame seems to follow: that may
// be payload of the longer one. Silence decides.
RtuParse parse_rtu(std::span<const std::uint8_t> received, bool silent);

// Whether `received` begins with the unit id, function and byte count of a response to `request`.
bool begins_rtu_response(const ReadRequest& request, std::span<const std::uint8_t> received);

// Whether `received` is one complete Modbus TCP response of the requested unit: the peer uses the other
// protocol.
bool is_tcp_response(const ReadRequest& request, std::span<const std::uint8_t> received);

}  // namespace gensetd::modbus
