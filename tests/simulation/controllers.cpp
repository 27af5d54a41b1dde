#include "controllers.hpp"

#include "modbus/big_endian.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gensetd::simulation {
namespace {

using modbus::high_byte;
using modbus::low_byte;

std::size_t blocks_touched(const profile::Profile& profile, const modbus::ReadRequest& read) {
  return static_cast<std::size_t>(std::ranges::count_if(profile.blocks, [&](const profile::Block& block) {
    return read.first < block.address + block.count && block.address < read.first + read.count;
  }));
}

bool touches(const profile::Block& block, const modbus::ReadRequest& read) {
  return read.first < block.address + block.count && block.address < read.first + read.count;
}

}  // namespace

const char* word(ControllerFault controller_fault) {
  switch (controller_fault) {
    case ControllerFault::none:
      break;
    case ControllerFault::silent:
      return "silent";
    case ControllerFault::late:
      return "late";
    case ControllerFault::lossy:
      return "lossy";
    case ControllerFault::one_lost:
      return "one answer lost";
    case ControllerFault::torn:
      return "torn";
    case ControllerFault::doubled:
      return "doubled";
    case ControllerFault::mangled:
      return "mangled";
    case ControllerFault::unsolicited:
      return "unsolicited answers";
    case ControllerFault::idle_unsolicited:
      return "unsolicited frames while idle";
    case ControllerFault::own_ids:
      return "own transaction ids";
    case ControllerFault::shortened:
      return "shortened";
    case ControllerFault::busy:
      return "busy";
    case ControllerFault::refuses_block:
      return "refuses a block";
    case ControllerFault::mute_when_merged:
      return "mute when merged";
  }
  return "well";
}

Bytes response_pdu(PlantModel& plant, const ModelController& controller, const modbus::ReadRequest& read) {
  const auto& blocks = controller.profile->blocks;
  if (controller.controller_fault == ControllerFault::busy && plant.chance.happens(0.33)) {
    constexpr std::array<std::uint8_t, 4> codes{5, 6, 10, 11};
    const std::uint8_t code = codes[plant.chance.below(codes.size())];
    plant.trace.act(plant.kernel.now(), fmt::format("exception {}", code), word(controller.controller_fault));
    return exception_pdu(code);
  }
  if (controller.controller_fault == ControllerFault::refuses_block &&
      touches(blocks[controller.faulty_block], read))
    return exception_pdu(2);
  if (controller.controller_fault == ControllerFault::mute_when_merged &&
      blocks_touched(*controller.profile, read) > 1)
    return {};
  Bytes pdu{read_holding_registers, static_cast<std::uint8_t>(2 * read.count)};
  const auto number = static_cast<std::uint8_t>(controller.device_id);
  for (unsigned index = 0; index < read.count; ++index) {
    const std::uint16_t value = plant.codes.value(number, read.first + index, plant.steady());
    pdu.push_back(high_byte(value));
    pdu.push_back(low_byte(value));
  }
  return pdu;
}

Bytes exception_pdu(std::uint8_t code) { return {read_holding_registers | 0x80, code}; }

Bytes shortened(PlantModel& plant, Bytes pdu, std::uint16_t count, const std::string& name) {
  if (pdu.front() != read_holding_registers) return pdu;
  constexpr std::size_t head = 2;  // function and byte count
  pdu[1] = static_cast<std::uint8_t>(2 * count);
  const bool lies = plant.chance.happens(0.3);
  plant.trace.act(plant.kernel.now(), lies ? "wrong byte count" : "fewer registers", name);
  if (!lies) pdu.resize(head + 2U * count);
  return pdu;
}

}  // namespace gensetd::simulation
