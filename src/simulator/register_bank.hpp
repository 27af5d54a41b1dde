#pragma once

#include "profile/profile.hpp"
#include "simulator/quantity.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <vector>

namespace gensetd::simulator {

// The holding registers of one controller, filled by its profile's fields. A field that nobody sets reads as
// 'no data', a register of no field as 0.
class RegisterBank {
 public:
  static constexpr std::uint16_t size = 1'024;  // a controller refuses addresses from here on

  explicit RegisterBank(const profile::Profile& profile);

  // Puts `value`, in the field's unit, into the field's registers: rounded to its decimals, and kept inside
  // what the field can show, so that it never turns into 'no data'. NaN is 'no data'.
  void set(const profile::Field& field, double value);

  // From now on `address` reads `raw`, whatever is set.
  void pin(std::uint16_t address, std::uint16_t raw);

  // Until it is set again; pinned registers stay as they are.
  void put(std::uint16_t address, std::uint16_t raw);

  std::uint16_t at(std::uint16_t address) const { return address < size ? registers_[address] : 0; }

 private:
  void put32(std::uint16_t address, std::uint32_t raw);

  std::array<std::uint16_t, size> registers_{};
  std::bitset<size> pinned_;
};

// Which of the quantities of a simulated device go into which fields of a profile: those of the same name.
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
