#pragma once

#include "simulator/responder.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

namespace gensetd::simulator {

// Groups the characters of a serial line into packets as a converter does; reads no clock. Use: add() bytes
// with their times in the order of the line; at due(), take() the packet and send it.
class Packer {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // A packet covers `packing` from the begin of its first character. With 0 it ends at a pause of four
  // characters (the converter's default) and is due at the end of that pause.
  Packer(std::chrono::nanoseconds character, std::chrono::nanoseconds packing)
      : character_(character), packing_(packing) {}

  // `bytes` start at `begin`, or after the previous bytes if the line is still busy. Returns when the last
  // one ends.
  SteadyTime add(std::span<const std::uint8_t> bytes, SteadyTime begin);

  std::optional<SteadyTime> due() const;  // of the next packet; empty: there is none
  Bytes take();                           // the next packet, even if it is not due yet

 private:
  struct Character {
    std::uint8_t byte;
    SteadyTime end;
  };
  std::size_t packet_length() const;

  std::chrono::nanoseconds character_;
  std::chrono::nanoseconds packing_;
  std::deque<Character> characters_;  // not sent yet
  SteadyTime line_end_{};
};

}  // namespace gensetd::simulator
