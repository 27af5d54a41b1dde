#pragma once

#include "modbus/frame.hpp"
#include "modbus/read_request.hpp"

#include <array>
#include <cstdint>
#include <span>

// Modbus TCP: MBAP header and PDU (Modbus messaging on TCP/IP implementation guide V1.0b, 3.1).
namespace gensetd::modbus {

inline constexpr std::size_t tcp_frame_max = 260;  // header 7 and PDU 253, guide V1.0b 3.1.3
inline constexpr std::size_t tcp_request_length = 12;

std::array<std::uint8_t, tcp_request_length> encode_tcp(const ReadRequest& request,
                                                        std::uint16_t transaction_id);

// What `received`, the bytes of the connection that are not used up yet, is for the request sent as
// `transaction_id`.
Assembled assemble_tcp(const ReadRequest& request, std::uint16_t transaction_id,
                       std::span<const std::uint8_t> received);

}  // namespace gensetd::modbus
