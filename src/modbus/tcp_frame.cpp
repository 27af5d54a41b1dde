#include "modbus/tcp_frame.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"

#include <algorithm>

namespace gensetd::modbus {
namespace {

constexpr std::size_t header_length =
    6;  // transaction, protocol, length; the unit id counts as the first data byte

// Whether bytes that are no MBAP frame look like an RTU response, to tell the technician that the protocols
// are mixed up.
bool looks_like_rtu(const ReadRequest& request, std::span<const std::uint8_t> received) {
  if (received.size() < 5 || received[0] != request.unit_id) return false;
  const auto function = code_of(request.function);
  const std::size_t length = received[1] == function                     ? 5U + received[2]
                             : received[1] == (function | exception_bit) ? 5U
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
      6,                          // length: unit id and PDU
      request.unit_id,            // unit id
      code_of(request.function),  // function
      high_byte(request.first),
      low_byte(request.first),  // first register or bit
      high_byte(request.count),
      low_byte(request.count),  // number of registers or bits
  };
}

std::uint16_t TcpFrame::response_count() const {
  const std::size_t byte_count = data[0];
  if (!is_read_function(function) || byte_count + 1 != data.size()) return 0;
  const auto read = static_cast<Function>(function);
  return static_cast<std::uint16_t>(byte_count / bytes_per_item(read) * addresses_per_item(read));
}

TcpParse parse_tcp(std::span<const std::uint8_t> received) {
  if (received.size() < header_length) return Incomplete{header_length};
  const std::size_t length = number_at(received, 4);
  // A frame contains at least unit id, function and one byte, at most unit id and 253 bytes of PDU.
  if (number_at(received, 2) != 0 || length < 3 || length > tcp_frame_max - header_length) return OutOfSync{};
  const std::size_t whole = header_length + length;
  if (received.size() < whole) return Incomplete{whole};
  return TcpFrame{.transaction_id = number_at(received, 0),
                  .unit_id = received[6],
                  .function = received[7],
                  .data = received.subspan(8, length - 2),
                  .length = whole};
}

ResponseParse parse_tcp_response(const ReadRequest& request, std::uint16_t transaction_id,
                                 std::span<const std::uint8_t> received) {
  const TcpParse cut = parse_tcp(received);
  const bool is_frame = std::holds_alternative<TcpFrame>(cut);
  const bool may_be_short_rtu = received.size() < header_length || std::holds_alternative<OutOfSync>(cut);
  if (!is_frame && may_be_short_rtu && looks_like_rtu(request, received))
    return Mismatched{received.size(), Mismatch::other_protocol};
  if (std::holds_alternative<OutOfSync>(cut)) return Mismatched{received.size(), Mismatch::garbage};
  if (const auto* incomplete = std::get_if<Incomplete>(&cut)) return *incomplete;

  const auto& frame = std::get<TcpFrame>(cut);
  if (frame.transaction_id != transaction_id) return Mismatched{frame.length, Mismatch::transaction_id};
  if (frame.unit_id != request.unit_id) return Mismatched{frame.length, Mismatch::unit_id};
  const auto function = code_of(request.function);
  if (frame.function == (function | exception_bit)) {
    if (frame.data.size() != 1) return Mismatched{frame.length, Mismatch::byte_count};
    return Refused{frame.data[0], frame.length};
  }
  if (frame.function != function) return Mismatched{frame.length, Mismatch::function};
  const std::size_t byte_count = frame.data[0];
  if (byte_count != request.byte_count() || frame.data.size() != 1 + byte_count ||
      !has_clear_padding(request.function, request.count, frame.data.subspan(1)))
    return Mismatched{frame.length, Mismatch::byte_count};
  return Response{frame.data.subspan(1), frame.length};
}

}  // namespace gensetd::modbus
