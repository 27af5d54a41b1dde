#include "events/event_fields.hpp"

#include "profile/roles.hpp"
#include "profile/words.hpp"

#include <algorithm>

namespace gensetd::events {

using profile::index_of;
using profile::named_role;

namespace {

// The class of the code "alarm_<class>".
std::optional<profile::AlarmClass> class_of(std::string_view code) {
  for (const auto& [word, alarm_class] : profile::alarm_class_words) {
    if (code.starts_with("alarm_") && code.substr(6) == word) return alarm_class;
  }
  return std::nullopt;
}

}  // namespace

EventFields::EventFields(const profile::Profile& profile)
    : engine_state(index_of(profile, named_role("engine.state"))),
      modes{index_of(profile, named_role("mode.auto")), index_of(profile, named_role("mode.manual")),
            index_of(profile, named_role("mode.stop")), index_of(profile, named_role("mode.test"))},
      common_alarm(index_of(profile, named_role("alarm.common"))),
      alarms_total(index_of(profile, named_role("alarm.count"))) {
  const bool has_bits = std::ranges::any_of(modes, [](const auto& bit) { return bit.has_value(); });
  if (!has_bits) mode = index_of(profile, named_role("mode"));
  for (const auto& [role, code] : alarm_codes()) {
    if (const auto field = index_of(profile, role)) alarms.push_back({*field, code, class_of(code)});
  }
  for (const auto& [role, on, off] : bit_codes()) {
    if (const auto field = index_of(profile, role)) bits.push_back({*field, on, off});
  }
  for (const auto& [role, code] : change_codes()) {
    if (const auto field = index_of(profile, role)) coded.push_back({*field, code});
  }
}

bool EventFields::is_class_off(const reading::Content& content, profile::AlarmClass alarm_class) const {
  const auto is_off = [&](std::size_t field) { return content.values[field] == profile::Value{0}; };
  if (!common_alarm || !is_off(*common_alarm)) return false;
  return std::ranges::all_of(
      alarms, [&](const Alarm& alarm) { return alarm.alarm_class != alarm_class || is_off(alarm.field); });
}

std::optional<bool> EventFields::is_engine_running(const reading::Content& content) const {
  if (!engine_state) return std::nullopt;
  const auto meaning = profile::meaning_of(*content.profile, content.profile->fields[*engine_state],
                                           content.values[*engine_state]);
  // An engine that failed to stop may run or not.
  if (!meaning || *meaning == profile::Meaning::fault) return std::nullopt;
  return *meaning == profile::Meaning::running;
}

}  // namespace gensetd::events
