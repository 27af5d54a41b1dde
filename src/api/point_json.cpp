#include "api/point_json.hpp"

#include "api/text_json.hpp"
#include "events/input_labels.hpp"
#include "profile/words.hpp"

#include <string_view>
#include <utility>

namespace gensetd::api {
namespace {

namespace json = boost::json;
using profile::AlarmPoint;

json::value time_json(const std::optional<reading::Timestamp>& time) {
  return time ? json::value(reading::print_timestamp(*time)) : json::value(nullptr);
}

json::object point_json(const AlarmPoint& point, const registry::Inputs* inputs = nullptr) {
  const std::optional<int> priority = events::priority_of(point, inputs);
  const profile::Text& label = events::label_of(point, inputs);
  json::object out{
      {"code", point.code},
      {"class", profile::to_word(point.alarm_class)},
      {"priority", priority ? json::value(*priority) : json::value(nullptr)},
      {"table", profile::to_word(point.word.function)},
      {"address", point.word.address},
      {"mask", point.mask},
      {"value", point.value ? json::value(*point.value) : json::value(nullptr)},
      {"label", text_json(label)},
      {"text", text_json(profile::text_of(point, label))},
      {"help", point.help.en.empty() ? json::value(nullptr) : json::value(text_json(point.help))},
      {"input", point.input != 0 ? json::value(point.input) : json::value(nullptr)},
      {"latched", point.is_latched},
      {"confirmed", point.is_confirmed},
      {"only_running", point.only_running}};
  return out;
}

// The bits of a word that are set and that no point names.
json::array unnamed_bits(const profile::Profile& profile, const profile::AlarmWord& word, std::uint16_t raw) {
  json::array bits;
  for (unsigned bit = 0; bit < 16; ++bit) {
    if ((raw >> bit & 1U) == 0) continue;
    bool is_named = false;
    for (std::uint32_t place = word.first_point; place < word.end_point; ++place)
      is_named = is_named || (profile.alarm_points[place].mask >> bit & 1U) != 0;
    if (is_named) continue;
    bits.push_back(json::object{
        {"table", profile::to_word(word.place.function)}, {"address", word.place.address}, {"bit", bit}});
  }
  return bits;
}

}  // namespace

json::array alarm_points_json(const profile::Profile& profile) {
  json::array points;
  for (const AlarmPoint& point : profile.alarm_points) points.push_back(point_json(point));
  return points;
}

json::object points_json(const reading::Content& content, const registry::Inputs* inputs) {
  const profile::Profile& profile = *content.profile;
  json::array on;
  json::array unknown;
  json::array unnamed;
  for (std::size_t index = 0; index < profile.alarm_words.size(); ++index) {
    const profile::AlarmWord& word = profile.alarm_words[index];
    const reading::AlarmWord known =
        content.alarm_words ? (*content.alarm_words)[index] : reading::AlarmWord{};
    if (!known.raw || known.is_failing)
      unknown.push_back(json::object{{"table", profile::to_word(word.place.function)},
                                     {"address", word.place.address},
                                     {"read_at", time_json(known.read_at)}});
    if (!known.raw) continue;
    for (std::uint32_t place = word.first_point; place < word.end_point; ++place) {
      const AlarmPoint& point = profile.alarm_points[place];
      if (!point.is_on(*known.raw)) continue;
      json::object entry = point_json(point, inputs);
      entry["kind"] = registry::to_word(events::kind_of(point, inputs));
      entry["read_at"] = time_json(known.read_at ? known.read_at : content.last_seen);
      on.push_back(std::move(entry));
    }
    for (json::value& bit : unnamed_bits(profile, word, *known.raw)) unnamed.push_back(std::move(bit));
  }
  return {{"device_id", content.identity.device_id},
          {"timestamp", time_json(content.last_seen)},
          {"on", std::move(on)},
          {"unknown", std::move(unknown)},
          {"unnamed", std::move(unnamed)}};
}

}  // namespace gensetd::api
