#pragma once

#include "profile/profile.hpp"
#include "simulator/quantity.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <vector>

namespace gensetd::simulator {

// The holding registers of one controller, set by profile fields. A field that was never set reads 'no data';
// a register without a field reads 0.
class RegisterBank {
 public:
  static constexpr std::uint16_t size = 1'024;  // a controller refuses addresses from here up

  explicit RegisterBank(const profile::Profile& profile);

  // Writes `value`, in the field's unit, to the field's registers: rounded to its decimals and clamped to its
  // range, so that it never reads 'no data'. NaN writes 'no data'.
  void set(const profile::Field& field, double value);

  // From now on `address` reads `raw`; set() and put() do not change it.
  void pin(std::uint16_t address, std::uint16_t raw);

  // Writes one register, unless it is pinned.
  void put(std::uint16_t address, std::uint16_t raw);

  std::uint16_t at(std::uint16_t address) const { return address < size ? registers_[address] : 0; }

 private:
  void put32(std::uint16_t address, std::uint32_t raw);

  std::array<std::uint16_t, size> registers_{};
  std::bitset<size> pinned_;
};

// Maps the quantities of a simulated device to the profile fields of the same name.
template <class Readings>
class Binding {
 public:
  Binding(const profile::Profile& profile, std::span<const Quantity<Readings>> quantities) {
    for (const profile::Field& field : profile.fields) {
      for (const Quantity<Readings>& quantity : quantities) {
        if (quantity.name == field.name) pairs_.push_back({&field, quantity.member});
      }
    }
  }

  void write(const Readings& readings, RegisterBank& bank) const {
    for (const Pair& pair : pairs_) bank.set(*pair.field, readings.*pair.member);
  }

 private:
  struct Pair {
    const profile::Field* field;  // of the profile, which outlives this
    double Readings::* member;
  };
  std::vector<Pair> pairs_;
};

}  // namespace gensetd::simulator
