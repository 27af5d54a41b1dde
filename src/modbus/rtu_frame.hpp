#pragma once

#include "modbus/frame.hpp"
#include "modbus/read_request.hpp"

#include <array>
#include <cstdint>
#include <span>

// Modbus RTU frames inside a byte stream (serial line guide V1.02, 2.5.1). The pauses between frames do not
// survive a converter, so frames are cut by structure and CRC.
namespace gensetd::modbus {

inline constexpr std::size_t rtu_frame_max = 256;  // serial line guide V1.02, 2.5.1
inline constexpr std::size_t rtu_request_length = 8;

std::array<std::uint8_t, rtu_request_length> encode_rtu(const ReadRequest& request);

// The length of an answer to a request for `register_count` registers.
constexpr std::size_t rtu_answer_length(std::uint16_t register_count) { return 5U + 2U * register_count; }

// What `received`, the bytes of the line that are not used up yet, is for this request.
// Frames of others (answers, exceptions, requests of another master) are recognised by structure and CRC and
// dropped whole; of anything else one byte is dropped, so that a good frame behind garbage is found.
Assembled assemble_rtu(const ReadRequest& request, std::span<const std::uint8_t> received);

}  // namespace gensetd::modbus
