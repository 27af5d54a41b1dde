#pragma once

#include "profile/profile.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace gensetd::simulator {

// The registers and bits of one controller, set by profile fields. A field that was never set reads 'no
// data'; the registers of the profile's identity tell its model; any other register reads 0. A controller has
// holding registers, and those other tables that its profile reads.
class RegisterBank {
 public:
  // A table ends here, or behind the profile's last block: a controller refuses addresses behind its end.
  static constexpr std::uint16_t size_min = 1'024;

  explicit RegisterBank(const profile::Profile& profile);

  // How many addresses the table has; 0: the controller does not support its function.
  std::uint32_t size(modbus::Function table) const {
    return static_cast<std::uint32_t>(values_of(table).size());
  }

  // Writes `value`, in the field's unit, to the field's registers: rounded to its decimals and clamped to its
  // range, so that it never reads 'no data'. NaN writes 'no data'.
  void set(const profile::Field& field, double value);

  // From now on `place` reads `raw`; set() and put() do not change it.
  void pin(modbus::TableAddress place, std::uint16_t raw);

  // Writes one register, or a bit as 0 or 1, unless it is pinned.
  void put(modbus::TableAddress place, std::uint16_t raw);

  std::uint16_t at(modbus::TableAddress place) const {
    const auto& values = values_of(place.function);
    return place.address < values.size() ? values[place.address] : std::uint16_t{0};
  }

 private:
  const std::vector<std::uint16_t>& values_of(modbus::Function table) const {
    return tables_[static_cast<std::size_t>(modbus::code_of(table) - 1)];
  }
  std::vector<std::uint16_t>& values_of(modbus::Function table) {
    return tables_[static_cast<std::size_t>(modbus::code_of(table) - 1)];
  }
  void make_room(modbus::Function table, int end);
  void set_number(const profile::Field& field, double value);
  void set_identity(const profile::IdentityRule& rule);
  void put32(modbus::TableAddress low, std::uint32_t raw);

  std::array<std::vector<std::uint16_t>, 4> tables_;  // by function code
  std::set<modbus::TableAddress> pinned_;
};

}  // namespace gensetd::simulator
