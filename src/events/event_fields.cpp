#include "events/event_fields.hpp"

#include "profile/roles.hpp"
#include "profile/words.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::events {
namespace {

std::optional<std::size_t> index_of(const profile::Profile& profile, std::string_view name) {
  for (std::size_t index = 0; index < profile.fields.size(); ++index) {
    if (profile.fields[index].name == name) return index;
  }
  return std::nullopt;
}

// The class of the code "alarm_<class>".
std::optional<profile::AlarmClass> class_of(std::string_view code) {
  for (const auto& [word, alarm_class] : profile::alarm_class_words) {
    if (code.starts_with("alarm_") && code.substr(6) == word) return alarm_class;
  }
  return std::nullopt;
}

bool is_bit(const profile::Profile& profile, std::size_t index) {
  return profile.fields[index].type == profile::Type::bit;
}

}  // namespace

EventFields::EventFields(const profile::Profile& profile)
    : engine_state(profile::index_of(profile, profile::named_role("engine.state"))) {
  constexpr std::array<std::string_view, 4> mode_names = {"mode_auto", "mode_manual", "mode_stop",
                                                          "mode_test"};
  for (std::size_t mode = 0; mode < modes.size(); ++mode) modes[mode] = index_of(profile, mode_names[mode]);
  for (const std::string_view name : {"alarm_shutdown", "alarm_trip_stop", "alarm_block", "alarm_warning"}) {
    const auto field = index_of(profile, name);
    if (field && is_bit(profile, *field)) alarms.push_back({*field, name, class_of(name)});
  }
  common_alarm = index_of(profile, "alarm_common");
  alarm_count = index_of(profile, "alarm_count");
  using Names = std::array<std::string_view, 3>;
  for (const auto& [name, on, off] : {Names{"gen_closed", "gen_breaker_closed", "gen_breaker_opened"},
                                      Names{"mains_load", "load_on_mains", "load_off_mains"},
                                      Names{"mains_normal", "mains_normal", "mains_abnormal"}}) {
    const auto field = index_of(profile, name);
    if (field && is_bit(profile, *field)) bits.push_back({*field, on, off});
  }
  using Pair = std::pair<std::string_view, std::string_view>;
  for (const auto& [name, code] :
       {Pair{"gen_status", "status_changed"}, Pair{"genset_status", "status_changed"},
        Pair{"mains_status", "mains_status_changed"}, Pair{"mains_switch", "switch_changed"},
        Pair{"busbar_switch", "switch_changed"}}) {
    const auto field = index_of(profile, name);
    if (field && !is_bit(profile, *field)) coded.push_back({*field, code});
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
