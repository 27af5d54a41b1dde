#pragma once

#include "modbus/read_request.hpp"

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace gensetd::link {

// Registers as they came: big-endian, two bytes each.
using RegisterBytes = std::vector<std::uint8_t>;

// Whether the second answer to a read carries on from the first: fewer than an eighth of its registers have
// jumped. The answer to a read of other registers hardly ever does.
bool carries_on(std::span<const std::uint8_t> before, std::span<const std::uint8_t> registers);

// Whether two responses to the same read agree: fewer than an eighth of their registers differ by more than a
// reading a second later may.
bool agree(std::span<const std::uint8_t> before, std::span<const std::uint8_t> registers);

// The newest value of each register of each unit of a serial line. An answer that carries on from them is
// believed at once; any other is asked for again, by another count, before it is. So a frame that nothing
// told from our answer (somebody else's first one, on a line where nobody else was heard yet) costs a request
// instead of a wrong value; and so does a real change of much at once.
class LastValues {
 public:
  // Whether `registers`, an answer to `read`, carries on from what is remembered. Unknown registers do not,
  // and up to three registers only when they are the same: those are codes and bits, which change seldom.
  bool carries_on(const modbus::ReadRequest& read, std::span<const std::uint8_t> registers) const;

  void remember(const modbus::ReadRequest& read, std::span<const std::uint8_t> registers);

 private:
  // Beyond this only registers that are known already are kept: a register map has some hundred.
  static constexpr std::size_t registers_max = 16'384;

  std::unordered_map<std::uint32_t, std::uint16_t> values_;  // by unit id and address
};

}  // namespace gensetd::link
