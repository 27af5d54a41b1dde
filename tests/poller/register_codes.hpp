#pragma once

#include "link/transaction.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

namespace gensetd::poller {

using link::SteadyTime;

// The value of each register of each unit: a code that no other register has, and the time when it was read,
// in half seconds. `alike`: all values are within a quarter of each other, so that the values do not
// distinguish the registers; otherwise they differ as much as possible.
class RegisterCodes {
 public:
  static constexpr std::chrono::milliseconds tick{500};
  static constexpr unsigned ticks = 32;

  RegisterCodes(bool alike, std::uint64_t seed) : alike_(alike), known_(units * addresses, unknown) {
    for (unsigned code = 0; code < 65'536 / ticks; ++code) codes_.push_back(static_cast<std::uint16_t>(code));
    std::mt19937_64 random(seed);
    std::shuffle(codes_.begin(), codes_.end(), random);
  }

  std::uint16_t value(std::uint8_t unit_id, unsigned address, SteadyTime time) {
    return static_cast<std::uint16_t>(code(unit_id, address) * ticks + tick_of(time));
  }

  // Whether `value` belongs to this register and was read between these two times.
  bool is_right(std::uint16_t value, std::uint8_t unit_id, unsigned address, SteadyTime from, SteadyTime to) {
    const unsigned age = (tick_of(to) + ticks - value % ticks) % ticks;
    return value / ticks == code(unit_id, address) && age * tick <= to - from + tick;
  }

 private:
  static constexpr std::size_t units = 16;
  static constexpr std::size_t addresses = 1'024;
  static constexpr std::uint16_t unknown = 0xffff;

  static unsigned tick_of(SteadyTime time) {
    return static_cast<unsigned>((time.time_since_epoch() / tick) % ticks);
  }

  // Assigned in the order of the first use of each register.
  unsigned code(std::uint8_t unit_id, unsigned address) {
    std::uint16_t& code = known_.at(unit_id * addresses + address);
    if (code == unknown) {
      const std::size_t first = alike_ ? 12'000 / ticks : 0;
      code = alike_ ? static_cast<std::uint16_t>(first + given_) : codes_.at(given_);
      if (first + given_ >= codes_.size()) throw std::out_of_range("more registers than codes");
      ++given_;
    }
    return code;
  }

  bool alike_;
  std::size_t given_ = 0;
  std::vector<std::uint16_t> codes_;
  std::vector<std::uint16_t> known_;  // by unit and address
};

}  // namespace gensetd::poller
