#pragma once

#include "link/transaction.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <utility>
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
  // Of a register with an alarm bit: the lowest bit of its code, which has two codes therefore.
  static constexpr std::uint8_t alarm_bit = 5;
  static_assert(ticks == 1U << alarm_bit);
  // The bit stays as it is for this long at least.
  static constexpr std::chrono::seconds alarm_min{16};

  // `has_alarms`: alarm bits come and go; otherwise they are 0.
  RegisterCodes(bool alike, std::uint64_t seed, bool has_alarms = true)
      : seed_(seed), has_alarms_(has_alarms), known_(units * addresses) {
    constexpr unsigned codes = 65'536 / ticks;
    for (unsigned code = alike ? 12'000 / ticks : 0; code < codes; ++code)
      codes_.push_back(static_cast<std::uint16_t>(code));
    std::mt19937_64 random(seed);
    if (!alike) std::shuffle(codes_.begin(), codes_.end(), random);
  }

  // Before the register is used.
  void add_alarm_bit(std::uint8_t unit_id, unsigned address) {
    Known& known = known_.at(unit_id * addresses + address);
    if (known.code == unknown) known = {.code = two_codes(), .has_alarm_bit = has_alarms_};
  }

  std::uint16_t value(std::uint8_t unit_id, unsigned address, SteadyTime time) {
    return value_at(unit_id, address, ticks_until(time));
  }

  // Whether `value` belongs to this register and was read between these two times.
  bool is_right(std::uint16_t value, std::uint8_t unit_id, unsigned address, SteadyTime from, SteadyTime to) {
    const std::int64_t last = ticks_until(to);
    for (std::int64_t age = (last % ticks + ticks - value % ticks) % ticks; age * tick <= to - from + tick;
         age += ticks) {
      if (value == value_at(unit_id, address, last - age)) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t units = 16;
  static constexpr std::size_t addresses = 1'024;
  static constexpr std::uint16_t unknown = 0xffff;
  struct Known {
    std::uint16_t code = unknown;
    bool has_alarm_bit = false;
  };

  static std::int64_t ticks_until(SteadyTime time) { return time.time_since_epoch() / tick; }

  std::uint16_t value_at(std::uint8_t unit_id, unsigned address, std::int64_t tick_number) {
    Known& known = known_.at(unit_id * addresses + address);
    if (known.code == unknown) known.code = one_code();  // in the order of the first use of each register
    const bool has_alarm = known.has_alarm_bit && is_alarm_on(unit_id, address, tick_number);
    return static_cast<std::uint16_t>((known.code | (has_alarm ? 1U : 0U)) * ticks + tick_number % ticks);
  }

  // On for half of the time, at random (splitmix64).
  bool is_alarm_on(std::uint8_t unit_id, unsigned address, std::int64_t tick_number) const {
    const auto period = static_cast<std::uint64_t>(tick_number * tick / alarm_min);
    std::uint64_t mixed =
        seed_ + 0x9E3779B97F4A7C15U * ((period << 24U) + (std::uint64_t{unit_id} << 16U) + address + 1);
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return ((mixed >> 31U) & 1U) != 0;
  }

  std::uint16_t one_code() {
    if (given_ == codes_.size()) throw std::out_of_range("more registers than codes");
    return codes_[given_++];
  }

  // The lower one of two codes that differ in the lowest bit.
  std::uint16_t two_codes() {
    const auto first = codes_.begin() + static_cast<std::ptrdiff_t>(given_);
    for (auto one = first; one != codes_.end(); ++one) {
      const auto other = std::find(one + 1, codes_.end(), *one ^ 1);
      if (other == codes_.end()) continue;
      std::iter_swap(first, one);
      std::iter_swap(first + 1, other);
      given_ += 2;
      return std::min(*first, *(first + 1));
    }
    throw std::out_of_range("more registers than codes");
  }

  std::uint64_t seed_;
  bool has_alarms_;
  std::size_t given_ = 0;
  std::vector<std::uint16_t> codes_;
  std::vector<Known> known_;  // by unit and address
};

}  // namespace gensetd::poller
