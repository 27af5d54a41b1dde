#include "modbus/rtu_frame.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"

#include <algorithm>

namespace gensetd::modbus {
namespace {

constexpr std::size_t exception_length = 5;
constexpr std::size_t head_length = 3;

// Whether a frame of this shape can be a read request (V1.1b3, 6.1 to 6.4).
bool is_read_request(std::span<const std::uint8_t> frame) {
  const unsigned count = number_at(frame, 4);
  return count >= 1 && count <= count_max(static_cast<Function>(frame[1]));
}

// Whether a frame of this length can be the response to a read. A response with 3 bytes is as long as a
// request.
bool is_response_length(std::span<const std::uint8_t> frame) {
  return frame[2] == frame.size() - exception_length;
}

// A valid frame with a 0 behind it has a valid CRC too, so a frame that ends with 0 may look complete without
// it.
bool whole_frame(std::span<const std::uint8_t> received, std::size_t length) {
  if (received.size() < length || crc16(received.first(length)) != 0) return false;
  return !is_read_function(received[1]) || length != rtu_request_length ||
         is_response_length(received.first(length)) || is_read_request(received);
}

// The lengths that a frame with this head can have, longest first; 0: none. Requests and responses to single
// writes are 8 bytes long; responses to reads contain a byte count (V1.1b3, 6.1 to 6.6, 6.11, 6.12).
std::array<std::size_t, 2> lengths_of(std::span<const std::uint8_t> received) {
  const std::uint8_t function = received[1];
  if ((function & exception_bit) != 0) return {exception_length, 0};
  switch (function) {
    case 1:
    case 2:
    case 3:
    case 4: {
      // A response has data. The high byte of a request's address is at the same place and is often 0; the
      // five bytes up to there may look like a frame with a valid CRC.
      if (received[2] == 0) return {rtu_request_length, 0};
      const std::size_t response = exception_length + received[2];
      return {std::max(response, rtu_request_length), std::min(response, rtu_request_length)};
    }
    case 5:
    case 6:
      return {rtu_request_length, 0};
    case 15:
    case 16:
      return {rtu_request_length, received.size() > 6 ? std::size_t{9} + received[6] : 0};
    default:
      return {0, 0};
  }
}

RtuFrame describe(std::span<const std::uint8_t> frame) {
  RtuFrame found{.unit_id = frame[0],
                 .function = static_cast<std::uint8_t>(frame[1] & ~exception_bit),
                 .length = frame.size()};
  found.crc = number_at(frame, frame.size() - 2);
  if ((frame[1] & exception_bit) != 0) {
    found.kind = RtuFrame::Kind::exception;
    found.exception = frame[2];
  } else if (is_read_function(frame[1])) {
    const auto function = static_cast<Function>(frame[1]);
    if (frame.size() == rtu_request_length && !(is_response_length(frame) && !is_read_request(frame))) {
      found.kind = RtuFrame::Kind::request;
      found.first = number_at(frame, 2);
      found.count = number_at(frame, 4);
    } else if (frame[2] % bytes_per_item(function) == 0) {
      found.kind = RtuFrame::Kind::response;
      found.count =
          static_cast<std::uint16_t>(frame[2] / bytes_per_item(function) * addresses_per_item(function));
      found.data = frame.subspan(3, frame[2]);
    }
  }
  return found;
}

}  // namespace

std::array<std::uint8_t, rtu_request_length> encode_rtu(const ReadRequest& request) {
  std::array<std::uint8_t, rtu_request_length> frame{
      request.unit_id,            // unit id
      code_of(request.function),  // function
      high_byte(request.first),
      low_byte(request.first),  // first register or bit
      high_byte(request.count),
      low_byte(request.count),  // number of registers or bits
      0,
      0,  // CRC, low byte first
  };
  const std::uint16_t crc = crc16(std::span(frame).first(6));
  frame[6] = low_byte(crc);
  frame[7] = high_byte(crc);
  return frame;
}

RtuParse parse_rtu(std::span<const std::uint8_t> received, bool silent) {
  const Garbage one_byte{1};
  if (!received.empty() && received[0] > rtu_unit_max) return one_byte;
  if (received.size() < head_length) {
    if (silent && !received.empty()) return one_byte;
    return Incomplete{exception_length};
  }
  std::size_t needed = 0;
  // If both are valid, take the longer one: the first 8 bytes of one response in 65,536 look like a request.
  // Bytes behind a request complete it to a response as rarely, and mostly there are none.
  for (const std::size_t length : lengths_of(received)) {
    if (length < exception_length || length > rtu_frame_max) continue;
    if (whole_frame(received, length)) return describe(received.first(length));
    if (length > received.size()) needed = length;
  }
  if (needed != 0 && !silent) return Incomplete{needed};
  return one_byte;
}

bool begins_rtu_response(const ReadRequest& request, std::span<const std::uint8_t> received) {
  return received.size() >= 3 && received[0] == request.unit_id && received[1] == code_of(request.function) &&
         received[2] == request.byte_count();
}

bool is_tcp_response(const ReadRequest& request, std::span<const std::uint8_t> received) {
  if (received.size() < 9 || number_at(received, 2) != 0) return false;
  const std::size_t length = number_at(received, 4);
  return length >= 3 && length <= 254 && received.size() == 6 + length && received[6] == request.unit_id &&
         (received[7] & 0x7FU) == code_of(request.function);
}

}  // namespace gensetd::modbus
