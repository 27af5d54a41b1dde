#pragma once

#include "modbus/read_request.hpp"
#include "simulator/limits.hpp"
#include "simulator/register_bank.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

// The responses of a controller, as bytes. The functions 1 to 4 are supported.
namespace gensetd::simulator {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::uint8_t illegal_function = 1;  // V1.1b3, 7
inline constexpr std::uint8_t illegal_data_address = 2;
inline constexpr std::uint8_t illegal_data_value = 3;
inline constexpr std::uint8_t device_failure = 4;
inline constexpr std::uint8_t device_busy = 6;
inline constexpr std::uint8_t gateway_target_failed = 0x0B;

// Returns the registers of the controller with this unit id, or null if there is none.
using RegisterLookup = std::function<const RegisterBank*(std::uint8_t unit_id)>;

// The result for the first request in the received bytes. length 0: it is not complete yet. Otherwise
// `length` bytes are consumed; `response` is empty if the controller does not respond, `read` if it was no
// valid read.
struct HandledRequest {
  std::size_t length = 0;
  std::optional<Bytes> response;
  std::optional<modbus::ReadRequest> read;
};

// With a wrong protocol id or length all received bytes are discarded without a response. A request to an
// unknown unit id gets exception 0x0B, as from a gateway.
HandledRequest respond_tcp(std::span<const std::uint8_t> received, const RegisterLookup& units,
                           const ReadLimits& limits = {});

// With a wrong CRC all received bytes are discarded, as by a controller that waits for the next silence. An
// unknown unit id gets no response.
HandledRequest respond_rtu(std::span<const std::uint8_t> received, const RegisterLookup& units,
                           const ReadLimits& limits = {});

// `frame` with its CRC appended.
Bytes with_crc(Bytes frame);

}  // namespace gensetd::simulator
