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

// A whole frame, whoever requested it: MBAP header, function and data of the PDU.
struct TcpFrame {
  std::uint16_t transaction_id = 0;
  std::uint8_t unit_id = 0;
  std::uint8_t function = 0;
  std::span<const std::uint8_t> data;  // of the PDU behind the function; at least one byte
  std::size_t length = 0;              // of the frame, header included

  // Registers that a response to reading registers carries by its byte count; 0 when the byte count and the
  // frame's length disagree.
  std::uint16_t register_count() const;
};

// The stream contains something else than Modbus TCP frames, so frame boundaries are unknown from here on.
struct OutOfSync {};

using TcpCut = std::variant<Incomplete, TcpFrame, OutOfSync>;

// The first frame of `received`, the bytes of the connection that are not used up yet, cut by its length
// alone.
TcpCut cut_tcp(std::span<const std::uint8_t> received);

// What `received`, the bytes of the connection that are not used up yet, is for the request sent as
// `transaction_id`.
Assembled assemble_tcp(const ReadRequest& request, std::uint16_t transaction_id,
                       std::span<const std::uint8_t> received);

}  // namespace gensetd::modbus
