#pragma once

#include "simulator/responder.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

namespace gensetd::simulator {

// How a converter makes packets of the characters of a line, without clock. Use: add() what goes over the
// line, with its times, in the order of the line; when due() has come, take() the packet and send it.
class Packer {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // A packet is all that comes within `packing` from its first character on. With 0 it ends at a pause of
  // four characters (the converter's default), and goes when that is over.
  Packer(std::chrono::nanoseconds character, std::chrono::nanoseconds packing)
      : character_(character), packing_(packing) {}

  // `bytes` begin at `begin`, or when the line is done with those before. Gives the end of their last.
  SteadyTime add(std::span<const std::uint8_t> bytes, SteadyTime begin);

  std::optional<SteadyTime> due() const;  // of the next packet; none when there is nothing
  Bytes take();                           // the next packet, due or not

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
