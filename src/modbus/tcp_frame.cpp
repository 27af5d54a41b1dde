#include "modbus/tcp_frame.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"

#include <algorithm>

namespace gensetd::modbus {
namespace {

constexpr std::size_t header_length =
    6;  // transaction, protocol, length; the unit id counts as the first data byte

// Whether bytes that are no MBAP frame look like an RTU answer, so that the technician is told of the mix-up.
bool looks_like_rtu(const ReadRequest& request, std::span<const std::uint8_t> received) {
  if (received.size() < 5 || received[0] != request.unit_id) return false;
  const std::size_t length = received[1] == read_holding_registers                     ? 5U + received[2]
                             : received[1] == (read_holding_registers | exception_bit) ? 5U
                                                                                       : 0U;
  return length != 0 && received.size() >= length && crc16(received.first(length)) == 0;
}

}  // namespace

std::array<std::uint8_t, tcp_request_length> encode_tcp(const ReadRequest& request,
                                                        std::uint16_t transaction_id) {
  return {
      high_byte(transaction_id),
      low_byte(transaction_id),  // transaction id
      0,
      0,  // protocol id: Modbus
      0,
      6,                       // length: unit id and PDU
      request.unit_id,         // unit id
      read_holding_registers,  // function
      high_byte(request.first),
      low_byte(request.first),  // first register
      high_byte(request.count),
      low_byte(request.count),  // number of registers
  };
}

Assembled assemble_tcp(const ReadRequest& request, std::uint16_t transaction_id,
                       std::span<const std::uint8_t> received) {
  if (received.size() < header_length) {
    if (looks_like_rtu(request, received)) return NotOurs{received.size(), Mismatch::other_protocol};
    return Incomplete{header_length};
  }
  const std::size_t length = number_at(received, 4);
  // A frame holds at least unit id, function and one byte, at most unit id and 253 bytes of PDU. Anything
  // else, or another protocol id, means that the stream is not in step: there is nothing to resynchronise on.
  if (number_at(received, 2) != 0 || length < 3 || length > tcp_frame_max - header_length) {
    if (looks_like_rtu(request, received)) return NotOurs{received.size(), Mismatch::other_protocol};
    return NotOurs{received.size(), Mismatch::garbage};
  }
  const std::size_t whole = header_length + length;
  if (received.size() < whole) return Incomplete{whole};

  if (number_at(received, 0) != transaction_id) return NotOurs{whole, Mismatch::transaction_id};
  const std::uint8_t unit_id = received[6];
  const std::uint8_t function = received[7];
  if (unit_id != request.unit_id) return NotOurs{whole, Mismatch::unit_id};
  if (function == (read_holding_registers | exception_bit)) {
    if (length != 3) return NotOurs{whole, Mismatch::byte_count};
    return Refused{received[8], whole};
  }
  if (function != read_holding_registers) return NotOurs{whole, Mismatch::function};
  const std::size_t byte_count = received[8];
  if (byte_count != 2U * request.count || length != 3 + byte_count)
    return NotOurs{whole, Mismatch::byte_count};
  return Answer{received.subspan(9, byte_count), whole};
}

}  // namespace gensetd::modbus
