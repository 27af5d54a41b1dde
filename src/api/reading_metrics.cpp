#include "api/reading_metrics.hpp"

#include "profile/units.hpp"

#include <cmath>
#include <string_view>

namespace gensetd::api {
namespace {

using reading::Content;

// Null: the metric has the unit of the register map, without a suffix in its name.
const profile::MetricUnit* unit_of(const profile::Field& field) {
  const profile::Unit* unit = profile::find_unit(field.unit);
  return unit == nullptr || unit->metric.name.empty() ? nullptr : &unit->metric;
}

std::string help_of(const profile::Field& field) {
  const profile::MetricUnit* unit = unit_of(field);
  const std::string_view label = unit != nullptr ? unit->help : std::string_view{field.unit};
  return field.label.en + (label.empty() ? "." : ", " + std::string{label} + ".");
}

void add_values(const Content& content, const measure::MetricLabels& labels,
                measure::MetricFamilies& families) {
  for (std::size_t index = 0; index < content.values.size(); ++index) {
    const profile::Field& field = content.profile->fields[index];
    if (!content.values[index] || field.type == profile::Type::text) continue;
    families.gauge(reading_metric_name(field), help_of(field),
                   reading_metric_value(field, *content.values[index]), labels);
  }
}

}  // namespace

std::string reading_metric_name(const profile::Field& field) {
  std::string name = "gensetd_reading_" + field.name;
  if (const profile::MetricUnit* unit = unit_of(field)) {
    name += '_';
    name += unit->name;
  }
  return name;
}

double reading_metric_value(const profile::Field& field, std::int64_t value) {
  const profile::MetricUnit* unit = unit_of(field);
  // Of 32-bit quantities both are integers below 2^53, so only the division rounds. A product of a 64-bit
  // quantity may not fit 64 bits.
  const double numerator =
      static_cast<double>(value) * static_cast<double>(unit != nullptr ? unit->factor : 1);
  const double denominator =
      std::pow(10.0, field.decimals) * static_cast<double>(unit != nullptr ? unit->divisor : 1);
  return numerator / denominator;
}

void add_reading(const reading::Reading& reading, measure::MetricFamilies& families) {
  if (!reading.content) return;
  const Content& content = *reading.content;
  const measure::MetricLabels labels{{"device_id", std::to_string(content.identity.device_id)},
                                     {"site", content.identity.site_code},
                                     {"device_type", content.identity.device_type}};
  families.gauge("gensetd_device_online", "Whether the device responds.", content.online ? 1 : 0, labels);
  if (content.last_seen) {
    const auto milliseconds = static_cast<double>(content.last_seen->time_since_epoch().count());
    families.gauge("gensetd_device_last_seen_timestamp_seconds", "When the device was last read.",
                   milliseconds / 1000.0, labels);
  }
  if (content.online) add_values(content, labels, families);
}

}  // namespace gensetd::api
