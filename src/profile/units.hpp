#pragma once

#include "profile/profile.hpp"

#include <optional>
#include <string_view>

namespace gensetd::profile {

// How a unit of a register map is written for people: "kW" is "кВт" in Russian (GOST 8.417). Empty for a unit
// that is not known, which is then shown as it stands in the map.
std::optional<Text> unit_label(std::string_view unit);

}  // namespace gensetd::profile
