#pragma once

#include "modbus/rtu_frame.hpp"
#include "simulator/faults.hpp"

#include <gtest/gtest.h>

#include <span>
#include <vector>

// Answers for the tests of faults, and their deliveries.
namespace gensetd::simulator {

using modbus::Protocol;
using std::chrono::milliseconds;

inline constexpr int rounds = 500;
inline constexpr std::uint16_t unlike_ours = 0x4321;
inline const modbus::ReadRequest request{
    .unit_id = 3, .function = modbus::Function::holding_registers, .first = 0, .count = 2};
inline const Bytes rtu_response = with_crc({3, 3, 4, 0, 1, 0, 2});
inline const Bytes tcp_response{0, 9, 0, 0, 0, 7, 3, 3, 4, 0, 1, 0, 2};

// What unit 3 has: ours in registers 0 and 1, and something else everywhere else.
inline const RegisterBank& registers() {
  static const RegisterBank bank = [] {
    RegisterBank filled(profile::Profile{});
    for (std::uint16_t address = 2; address < RegisterBank::size_min; ++address)
      filled.put(modbus::holding_register(address), unlike_ours);
    filled.put(modbus::holding_register(0), 1);
    filled.put(modbus::holding_register(1), 2);
    return filled;
  }();
  return bank;
}

inline Bytes joined(const Delivery& delivery) {
  Bytes all;
  for (const Segment& segment : delivery.segments)
    all.insert(all.end(), segment.bytes.begin(), segment.bytes.end());
  return all;
}

inline PendingResponse pending_response(Protocol protocol) {
  return {.protocol = protocol,
          .response = protocol == Protocol::tcp ? tcp_response : rtu_response,
          .read = request,
          .registers = &registers()};
}

// The frames that a client cuts from an RTU stream, with the gaps of garbage left out.
inline std::vector<modbus::RtuFrame> rtu_frames(std::span<const std::uint8_t> bytes) {
  std::vector<modbus::RtuFrame> frames;
  while (!bytes.empty()) {
    const modbus::RtuParse cut = modbus::parse_rtu(bytes, true);
    if (const auto* frame = std::get_if<modbus::RtuFrame>(&cut)) {
      frames.push_back(*frame);
      bytes = bytes.subspan(frame->length);
    } else {
      bytes = bytes.subspan(1);
    }
  }
  return frames;
}

inline bool is_ours_by_shape(const modbus::RtuFrame& frame) {
  return frame.kind == modbus::RtuFrame::Kind::response && frame.response_head() == request.response_head();
}

inline bool has_our_values(const modbus::RtuFrame& frame) {
  return Bytes(frame.data.begin(), frame.data.end()) == Bytes{0, 1, 0, 2};
}

// Calls `look` with the deliveries of many responses.
template <class Look>
void deliver_many(const LineFaults& faults, Protocol protocol, const Look& look) {
  FaultInjector maker(faults, 1);
  for (int round = 0; round < rounds; ++round) look(maker.deliver(pending_response(protocol)));
}

}  // namespace gensetd::simulator
