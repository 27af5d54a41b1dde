#include "http/overview.hpp"

#include "http/json_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace gensetd::http {
namespace {

// Beside those that begin with mode_ and alarm_.
constexpr std::array<std::string_view, 23> fields = {
    "battery_volt", "busbar_freq",   "busbar_p",      "busbar_switch", "busbar_uab",  "coolant_temp",
    "engine_speed", "fuel_level",    "gen_closed",    "gen_freq",      "gen_normal",  "gen_status",
    "gen_uab",      "genset_status", "load_pct",      "mains_freq",    "mains_load",  "mains_normal",
    "mains_status", "mains_switch",  "mains_total_p", "mains_uab",     "oil_pressure"};
static_assert(std::ranges::is_sorted(fields));

}  // namespace

bool is_in_overview(std::string_view field) {
  return field.starts_with("mode_") || field.starts_with("alarm_") || field == "power_total" ||
         std::ranges::binary_search(fields, field);
}

std::string print_overview(const reading::Reading& reading) {
  if (!reading.facts) return reading.json;
  const reading::Facts& facts = *reading.facts;
  JsonText text;
  text.field("device_id", facts.identity.device_id)
      .field("site_code", facts.identity.site_code)
      .field("device_type", facts.identity.device_type)
      .field("timestamp", reading::print_timestamp(facts.timestamp))
      .field("last_seen",
             facts.last_seen ? std::optional{reading::print_timestamp(*facts.last_seen)} : std::nullopt)
      .field("online", facts.online)
      .field("error", facts.error.empty() ? std::nullopt : std::optional{facts.error});
  std::string value;
  for (std::size_t index = 0; index < facts.values.size(); ++index) {
    const profile::Field& field = facts.profile->fields[index];
    if (!is_in_overview(field.name)) continue;
    value.clear();
    reading::append_value(value, field, facts.values[index]);
    text.json(field.name, value);
  }
  if (facts.seq != 0)
    text.field("seq", static_cast<std::int64_t>(facts.seq)).field("epoch", reading::print_epoch(facts.epoch));
  return text.finish();
}

const std::string& Overviews::of(const live::ReadingPtr& reading) {
  Printed& printed = printed_[reading->device_id];
  if (printed.reading != reading) printed = {reading, print_overview(*reading)};
  return printed.json;
}

}  // namespace gensetd::http
