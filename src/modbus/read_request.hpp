#pragma once

#include <cstdint>

namespace gensetd::modbus {

// The largest number of holding registers in one request (Modbus application protocol V1.1b3, 6.3).
inline constexpr std::uint16_t registers_per_request_max = 125;

// The framing of requests and responses: MBAP header over TCP, or RTU frames with CRC inside a TCP stream.
enum class Protocol : std::uint8_t { tcp, rtu_over_tcp };

// One 'read holding registers' request (function 3; V1.1b3, 6.3). There is no other function: gensetd only
// reads. Registers are numbered from 0, as on the wire; count is 1..125 and first + count at most 65,536.
struct ReadRequest {
  std::uint8_t unit_id = 1;
  std::uint16_t first = 0;
  std::uint16_t count = 1;

  bool operator==(const ReadRequest&) const = default;
};

}  // namespace gensetd::modbus
