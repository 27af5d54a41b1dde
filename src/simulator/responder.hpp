#pragma once

#include "modbus/read_request.hpp"
#include "simulator/limits.hpp"
#include "simulator/register_bank.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

// What a controller answers, as bytes. It knows function 3 only, as the register maps need no other.
namespace gensetd::simulator {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::uint8_t illegal_function = 1;  // V1.1b3, 7
inline constexpr std::uint8_t illegal_data_address = 2;
inline constexpr std::uint8_t illegal_data_value = 3;
inline constexpr std::uint8_t device_failure = 4;
inline constexpr std::uint8_t device_busy = 6;
inline constexpr std::uint8_t gateway_target_failed = 0x0B;

// The registers of the controller with this unit id, or null when there is none.
using Units = std::function<const RegisterBank*(std::uint8_t unit_id)>;

// The beginning of `received` is: nothing complete (length 0); or `length` bytes that are done with, the
// answer that they call for, if any, and what was to be read, if it was a good request to read.
struct Response {
  std::size_t length = 0;
  std::optional<Bytes> answer;
  std::optional<modbus::ReadRequest> read;
};

// A frame with a wrong protocol id or length is no Modbus TCP: what was received is dropped without a word.
// Of an unknown unit a gateway says exception 0x0B.
Response respond_tcp(std::span<const std::uint8_t> received, const Units& units, const Limits& limits = {});

// With a wrong CRC all that was received is dropped, as a controller does that waits for the next silence.
// An unknown unit is silent.
Response respond_rtu(std::span<const std::uint8_t> received, const Units& units, const Limits& limits = {});

// `frame` with its CRC behind it.
Bytes with_crc(Bytes frame);

}  // namespace gensetd::simulator
