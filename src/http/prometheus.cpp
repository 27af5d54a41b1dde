#include "http/prometheus.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace gensetd::http {
namespace {

using reading::Facts;

// A unit of the register maps as a metric has it. Whole factors keep every figure exact.
struct MetricUnit {
  std::string_view unit;
  std::string_view name;
  std::int64_t factor;
  std::int64_t divisor;
  std::string_view shown;
};

constexpr MetricUnit units[] = {
    {"V", "volts", 1, 1, "volts"},
    {"A", "amperes", 1, 1, "amperes"},
    {"kW", "watts", 1'000, 1, "watts"},
    {"kvar", "vars", 1'000, 1, "volt-amperes reactive"},
    {"kWh", "joules", 3'600'000, 1, "joules"},
    {"kvarh", "var_seconds", 3'600'000, 1, "volt-ampere seconds reactive"},
    {"Hz", "hertz", 1, 1, "hertz"},
    {"°", "degrees", 1, 1, "degrees"},
    {"°C", "celsius", 1, 1, "degrees Celsius"},
    {"kPa", "pascals", 1'000, 1, "pascals"},
    {"%", "ratio", 1, 100, "1 is 100 %"},
    {"L/h", "liters_per_hour", 1, 1, "litres an hour"},
    {"rpm", "revolutions_per_minute", 1, 1, "revolutions a minute"},
    {"h", "seconds", 3'600, 1, "seconds"},
    {"min", "seconds", 60, 1, "seconds"},
};

const MetricUnit* unit_of(const profile::Field& field) {
  const auto* place = std::ranges::find(units, field.unit, &MetricUnit::unit);
  return place == std::end(units) ? nullptr : place;
}

std::string help_of(const profile::Field& field) {
  const MetricUnit* unit = unit_of(field);
  const std::string_view shown = unit != nullptr ? unit->shown : std::string_view{field.unit};
  return field.label.en + (shown.empty() ? "." : ", " + std::string{shown} + ".");
}

void add_values(const Facts& facts, const MetricLabels& who, MetricFamilies& families) {
  for (std::size_t index = 0; index < facts.values.size(); ++index) {
    if (!facts.values[index]) continue;
    const profile::Field& field = facts.profile->fields[index];
    families.gauge(reading_metric_name(field), help_of(field),
                   reading_metric_value(field, *facts.values[index]), who);
  }
}

}  // namespace

std::string reading_metric_name(const profile::Field& field) {
  std::string name = "gensetd_reading_" + field.name;
  if (const MetricUnit* unit = unit_of(field)) {
    name += '_';
    name += unit->name;
  }
  return name;
}

double reading_metric_value(const profile::Field& field, std::int64_t value) {
  const MetricUnit* unit = unit_of(field);
  // Both are whole numbers below 2^53, so the one division is all that is rounded.
  const double numerator = static_cast<double>(value * (unit != nullptr ? unit->factor : 1));
  const double denominator =
      std::pow(10.0, field.decimals) * static_cast<double>(unit != nullptr ? unit->divisor : 1);
  return numerator / denominator;
}

void add_reading(const reading::Reading& reading, MetricFamilies& families) {
  if (!reading.facts) return;
  const Facts& facts = *reading.facts;
  const MetricLabels who{{"device_id", std::to_string(facts.identity.device_id)},
                         {"site", facts.identity.site_code},
                         {"device_type", facts.identity.device_type}};
  families.gauge("gensetd_device_online", "Whether the device answers.", facts.online ? 1 : 0, who);
  if (facts.last_seen) {
    const auto milliseconds = static_cast<double>(facts.last_seen->time_since_epoch().count());
    families.gauge("gensetd_device_last_seen_timestamp_seconds", "When the device was last read.",
                   milliseconds / 1000.0, who);
  }
  if (facts.online) add_values(facts, who, families);
}

}  // namespace gensetd::http
