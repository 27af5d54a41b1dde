#include "http/prometheus.hpp"

#include <fmt/format.h>

namespace gensetd::http {
namespace {

using reading::Facts;

std::string labels(const Facts& facts) {
  return fmt::format(R"({{device_id="{}",site="{}",device_type="{}"}})", facts.identity.device_id,
                     label_value(facts.identity.site_code), label_value(facts.identity.device_type));
}

void add_values(const Facts& facts, const std::string& who, MetricFamilies& families) {
  std::string value;
  for (std::size_t index = 0; index < facts.values.size(); ++index) {
    if (!facts.values[index]) continue;
    const profile::Field& field = facts.profile->fields[index];
    value.clear();
    if (field.type == profile::Type::bit) {
      value = *facts.values[index] != 0 ? "1" : "0";
    } else {
      reading::append_value(value, field, facts.values[index]);
    }
    const std::string name = "gensetd_" + field.name;
    const std::string help = field.label.en + (field.unit.empty() ? "" : " in " + field.unit);
    families.add({name, "gauge", help}, who, value);
  }
}

}  // namespace

void add_reading(const reading::Reading& reading, MetricFamilies& families) {
  if (!reading.facts) return;
  const Facts& facts = *reading.facts;
  const std::string who = labels(facts);
  families.add({"gensetd_device_online", "gauge", "Whether the device answers"}, who,
               facts.online ? "1" : "0");
  if (facts.last_seen) {
    const auto milliseconds = static_cast<double>(facts.last_seen->time_since_epoch().count());
    families.add({"gensetd_device_last_seen_timestamp_seconds", "gauge", "When the device was last read"},
                 who, fmt::format("{:.3f}", milliseconds / 1000.0));
  }
  if (facts.online) add_values(facts, who, families);
}

}  // namespace gensetd::http
