#pragma once

#include "profile/profile.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace gensetd::profile {

// The unit of a metric. Whole factors keep every value exact: a value in the register map's unit times
// `factor`, divided by `divisor`, is the value of the metric.
struct MetricUnit {
  std::string_view name;  // in metric names, a Prometheus base unit where one exists: "watts"
  std::int64_t factor = 1;
  std::int64_t divisor = 1;
  std::string_view help;  // in help texts of metrics
};

// A unit of the register maps: its labels for people, and its metric.
struct Unit {
  std::string_view symbol;   // as register maps and the API contain it, and as English texts show it: "kW"
  std::string_view russian;  // GOST 8.417: "кВт"
  MetricUnit metric;         // an empty name: metrics have the unit of the register map, without suffix
};

// Null for a unit that the table does not contain; it is then shown as the register map contains it.
const Unit* find_unit(std::string_view symbol);

std::span<const Unit> known_units();

}  // namespace gensetd::profile
