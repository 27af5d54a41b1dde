#pragma once

#include "modbus/frame.hpp"
#include "modbus/read_request.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <variant>

// Modbus TCP: MBAP header and PDU (Modbus messaging on TCP/IP implementation guide V1.0b, 3.1).
namespace gensetd::modbus {

inline constexpr std::size_t tcp_frame_max = 260;  // header 7 and PDU 253, guide V1.0b 3.1.3
inline constexpr std::size_t tcp_request_length = 12;

std::array<std::uint8_t, tcp_request_length> encode_tcp(const ReadRequest& request,
                                                        std::uint16_t transaction_id);

// A complete frame, requested by any client: MBAP header, function and data of the PDU.
struct TcpFrame {
  std::uint16_t transaction_id = 0;
  std::uint8_t unit_id = 0;
  std::uint8_t function = 0;
  std::span<const std::uint8_t> data;  // of the PDU, behind the function; at least one byte
  std::size_t length = 0;              // of the frame, including its header

  // The number of registers, or eight bits for each byte, by the byte count of a read response; 0 if byte
  // count and frame length disagree, or the function is no read.
  std::uint16_t response_count() const;
};

// The stream contains other bytes than Modbus TCP frames, so frame boundaries are unknown from here on.
struct OutOfSync {};

using TcpParse = std::variant<Incomplete, TcpFrame, OutOfSync>;

// The first frame of `received`, the unprocessed bytes of the connection, recognised by its length field
// alone.
TcpParse parse_tcp(std::span<const std::uint8_t> received);

// What `received`, the unprocessed bytes of the connection, is for the request that was sent with
// `transaction_id`.
ResponseParse parse_tcp_response(const ReadRequest& request, std::uint16_t transaction_id,
                                 std::span<const std::uint8_t> received);

}  // namespace gensetd::modbus
