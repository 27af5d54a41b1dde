#include "modbus/rtu_frame.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"

#include <algorithm>
#include <array>

namespace gensetd::modbus {
namespace {

constexpr std::size_t exception_length = 5;

bool whole_frame(std::span<const std::uint8_t> received, std::size_t length) {
  return received.size() >= length && crc16(received.first(length)) == 0;
}

// The lengths that a frame of another master or controller with this head can have, shortest first; 0 for
// none. Requests and the answers of single writes are 8 bytes; answers to reads carry a byte count
// (V1.1b3, 6.1 to 6.6, 6.11, 6.12).
std::array<std::size_t, 2> foreign_lengths(std::span<const std::uint8_t> received) {
  const std::uint8_t function = received[1];
  if ((function & exception_bit) != 0) return {exception_length, 0};
  switch (function) {
    case 1:
    case 2:
    case 3:
    case 4: {
      // An answer has data. The high byte of a request's address stands in the same place and is often 0; the
      // five bytes up to there may well look like a frame with a good CRC.
      if (received[2] == 0) return {8, 0};
      const std::size_t answer = 5U + received[2];
      return {std::min<std::size_t>(answer, 8), std::max<std::size_t>(answer, 8)};
    }
    case 5:
    case 6:
      return {8, 0};
    case 15:
    case 16:
      return {8, received.size() > 6 ? std::size_t{9} + received[6] : 0};
    default:
      return {0, 0};
  }
}

// Whether a frame of somebody else starts here whose end has not come yet.
bool foreign_frame_unfinished(std::span<const std::uint8_t> received) {
  return std::ranges::any_of(foreign_lengths(received), [&](std::size_t length) {
    return length <= rtu_frame_max && length > received.size();
  });
}

// Where our whole answer stands behind other bytes, or 0. What looks like the head of a long foreign frame
// may be garbage, and waiting for its end would lose the good answer behind it.
std::size_t answer_behind(const ReadRequest& request, std::span<const std::uint8_t> received) {
  const std::size_t length = rtu_answer_length(request.count);
  for (std::size_t start = 1; start + length <= received.size(); ++start) {
    const auto rest = received.subspan(start);
    if (rest[0] == request.unit_id && rest[1] == read_holding_registers && rest[2] == 2U * request.count &&
        whole_frame(rest, length)) {
      return start;
    }
  }
  return 0;
}

// A good frame of somebody else at the start of `received`, or 0.
std::size_t foreign_frame(std::span<const std::uint8_t> received) {
  for (const std::size_t length : foreign_lengths(received)) {
    if (length >= exception_length && length <= rtu_frame_max && whole_frame(received, length)) return length;
  }
  return 0;
}

bool looks_like_tcp(const ReadRequest& request, std::span<const std::uint8_t> received) {
  if (received.size() < 9 || number_at(received, 2) != 0) return false;
  const std::size_t length = number_at(received, 4);
  return length >= 3 && length <= 254 && received.size() == 6 + length && received[6] == request.unit_id &&
         (received[7] & 0x7FU) == read_holding_registers;
}

}  // namespace

std::array<std::uint8_t, rtu_request_length> encode_rtu(const ReadRequest& request) {
  std::array<std::uint8_t, rtu_request_length> frame{
      request.unit_id,         // unit id
      read_holding_registers,  // function
      high_byte(request.first),
      low_byte(request.first),  // first register
      high_byte(request.count),
      low_byte(request.count),  // number of registers
      0,
      0,  // CRC, low byte first
  };
  const std::uint16_t crc = crc16(std::span(frame).first(6));
  frame[6] = low_byte(crc);
  frame[7] = high_byte(crc);
  return frame;
}

Assembled assemble_rtu(const ReadRequest& request, std::span<const std::uint8_t> received) {
  if (received.size() < exception_length) return Incomplete{exception_length};
  if (looks_like_tcp(request, received)) return NotOurs{received.size(), Mismatch::other_protocol};

  const bool our_unit = received[0] == request.unit_id;
  if (our_unit && received[1] == read_holding_registers && received[2] == 2U * request.count) {
    const std::size_t length = rtu_answer_length(request.count);
    if (whole_frame(received, length)) return Answer{received.subspan(3, 2U * request.count), length};
    // A request of another master can have this very head; its CRC tells.
    const std::size_t foreign = foreign_frame(received);
    if (foreign != 0) return NotOurs{foreign, Mismatch::byte_count};
    if (received.size() < length) return Incomplete{length};
    return NotOurs{1, Mismatch::broken};
  }
  if (our_unit && received[1] == (read_holding_registers | exception_bit) &&
      whole_frame(received, exception_length)) {
    return Refused{received[2], exception_length};
  }
  const std::size_t foreign = foreign_frame(received);
  if (foreign != 0) {
    const Mismatch why = !our_unit                               ? Mismatch::unit_id
                         : received[1] != read_holding_registers ? Mismatch::function
                                                                 : Mismatch::byte_count;
    return NotOurs{foreign, why};
  }
  const std::size_t behind = answer_behind(request, received);
  if (behind != 0) return NotOurs{behind, Mismatch::garbage};
  if (foreign_frame_unfinished(received)) return Incomplete{received.size() + 1};
  return NotOurs{1, Mismatch::garbage};
}

}  // namespace gensetd::modbus
