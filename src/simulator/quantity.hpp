#pragma once

#include <limits>
#include <string_view>

namespace gensetd::simulator {

// A member of `Readings` and the name of its profile field. Values are in the field's unit; bits and codes
// are whole numbers; a sensor that is not connected reads `not_connected`.
template <class Readings>
struct Quantity {
  std::string_view name;
  double Readings::* member;
};

inline constexpr double not_connected = std::numeric_limits<double>::quiet_NaN();

}  // namespace gensetd::simulator
