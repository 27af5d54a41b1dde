#pragma once

#include "modbus/read_request.hpp"

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace gensetd::link {

// Data as received. Registers: big-endian, two bytes each. Bits: eight to a byte, the first one lowest.
using RegisterBytes = std::vector<std::uint8_t>;

// Whether the second response to a read continues the first: fewer than an eighth of its registers have
// jumped, or all its bits are equal. The response to a read of other registers hardly ever does.
bool continues(const modbus::ReadRequest& read, std::span<const std::uint8_t> before,
               std::span<const std::uint8_t> data);

// Whether two responses to the same read agree: fewer than an eighth of their registers differ by more than a
// value can change within a second, or all their bits are equal.
bool agree(const modbus::ReadRequest& read, std::span<const std::uint8_t> before,
           std::span<const std::uint8_t> data);

// The newest value of each register and bit of each unit on a connection. A response that continues them is
// accepted at once; any other is requested again with another count. So a frame that cannot be distinguished
// from our response (another master's first response, before any other of its frames was received) costs a
// request instead of a wrong value, and so does a real change of many values at once.
class LastValues {
 public:
  // Whether `registers`, a response to `read`, continue the remembered values. Unknown registers do not. Up
  // to three registers do only if they are equal: they are codes and bits, which change seldom. Bits do only
  // if all are equal.
  bool continues(const modbus::ReadRequest& read, std::span<const std::uint8_t> registers) const;

  void remember(const modbus::ReadRequest& read, std::span<const std::uint8_t> registers);

 private:
  // Beyond this number, only known registers are updated: a register map has some hundred.
  static constexpr std::size_t registers_max = 16'384;

  std::unordered_map<std::uint32_t, std::uint16_t> values_;  // by unit id, function and address
};

}  // namespace gensetd::link
