#include "registry/alarm_notes.hpp"

#include "registry/fields.hpp"
#include "text/json_text.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace gensetd::registry {
namespace {

namespace json = boost::json;

constexpr std::size_t notes_max = 200;
constexpr TextRule note_rule = {.length_min = 1, .length_max = 500, .lines = true};

// The code of an alarm by name: the names of a profile are words of a to z, 0 to 9 and _.
constexpr std::string_view point_prefix = "alarm:";
constexpr std::size_t point_code_max = 200;

constexpr std::array<std::string_view, 24> catalogue = {
    "alarm_shutdown",     "alarm_trip_stop",     "alarm_trip",           "alarm_safety_trip_stop",
    "alarm_safety_trip",  "alarm_block",         "alarm_mains_trip",     "alarm_warning",
    "alarm_unclassified", "alarm_count_changed", "device_offline",       "site_offline",
    "device_interrupted", "status_changed",      "mode_changed",         "gen_breaker_closed",
    "gen_breaker_opened", "load_on_mains",       "load_off_mains",       "switch_changed",
    "mains_normal",       "mains_abnormal",      "mains_status_changed", "gateway_started"};

bool is_point_code(std::string_view code) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  return code.starts_with(point_prefix) && code.size() > point_prefix.size() &&
         code.size() <= point_code_max && std::ranges::all_of(code.substr(point_prefix.size()), is_allowed);
}

bool is_code(std::string_view code) {
  return is_point_code(code) || std::ranges::find(catalogue, code) != catalogue.end();
}

// The mistake, or empty when the notes were read.
std::string read_notes(const json::value& value, AlarmNotes& notes) {
  const json::object* object = value.if_object();
  if (object == nullptr) return "it is no object";
  if (object->size() > notes_max) return fmt::format("it has {} notes", object->size());
  for (const auto& member : *object) {
    const std::string_view code{member.key().data(), member.key().size()};
    if (!is_code(code)) return fmt::format("'{}' is not the code of an event", shortened(code));
    const json::string* note = member.value().if_string();
    const std::string_view text =
        note == nullptr ? std::string_view{} : std::string_view{note->data(), note->size()};
    const std::string allowed = note == nullptr ? "a text" : text_allowed(text, note_rule);
    if (!allowed.empty()) return fmt::format("the note on '{}' is not {}", shortened(code), allowed);
    notes.emplace(code, text);
  }
  return {};
}

}  // namespace

std::span<const std::string_view> catalogue_codes() { return catalogue; }

std::optional<AlarmNotes> parse_alarm_notes(const json::value& value, std::string& allowed) {
  AlarmNotes notes;
  const std::string mistake = read_notes(value, notes);
  if (mistake.empty()) return notes;
  allowed = fmt::format(
      R"(null, or {{"CODE":TEXT,…}} with at most {} notes of {} to {} characters; CODE is alarm:GROUP.CODE, or a )"
      "code of GET /api/event-codes; {}",
      notes_max, note_rule.length_min, note_rule.length_max, mistake);
  return std::nullopt;
}

void drop_unknown_codes(json::value& notes) {
  json::object* object = notes.if_object();
  if (object == nullptr) return;
  for (auto member = object->begin(); member != object->end();) {
    const std::string_view code{member->key().data(), member->key().size()};
    member = is_code(code) ? std::next(member) : object->stable_erase(member);
  }
}

std::string print_alarm_notes(const AlarmNotes& notes) {
  text::JsonText text;
  for (const auto& [code, note] : notes) text.field(code, note);
  return text.finish();
}

}  // namespace gensetd::registry
