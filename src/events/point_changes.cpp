#include "events/point_changes.hpp"

#include "events/json_view.hpp"
#include "profile/words.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace gensetd::events {
namespace {

namespace json = boost::json;
using profile::AlarmPoint;
using reading::Content;

const reading::AlarmWord* word_of(const Content* content, std::size_t index) {
  return content == nullptr || !content->alarm_words ? nullptr : &(*content->alarm_words)[index];
}

// Whether the word was read for this reading.
bool is_current(const Content& content, const reading::AlarmWord& word) {
  return !word.is_failing && (!word.read_at || word.read_at == content.timestamp);
}

// Whether the point is reported; empty: unknown.
std::optional<bool> is_reported(const AlarmPoint& point, const reading::AlarmWord* word,
                                std::optional<bool> engine_is_on) {
  if (word == nullptr || !word->raw) return std::nullopt;
  if (!point.is_on(*word->raw)) return false;
  return point.only_running ? engine_is_on : true;
}

// The texts and the place, so that the event is complete when the profile changes.
std::string args_of(const AlarmPoint& point, const registry::Inputs* inputs) {
  const profile::Text text = profile::text_of(point, label_of(point, inputs));
  json::object args{{"class", view(profile::to_word(point.alarm_class))},
                    {"text_en", text.en},
                    {"text_ru", text.ru},
                    {"table", view(profile::to_word(point.word.function))},
                    {"address", point.word.address},
                    {"mask", point.mask},
                    {"confirmed", point.is_confirmed},
                    {"latched", point.is_latched}};
  if (point.value) args["value"] = *point.value;
  if (point.input != 0) args["input"] = point.input;
  return json::serialize(args);
}

Change change_of(const AlarmPoint& point, bool is_on, bool at_latest, const registry::Inputs* inputs) {
  Change change{.type = Change::Type::alarm_off, .code = point.code, .at_latest = at_latest, .point = &point};
  if (!is_on) return change;
  change.type = priority_of(point, inputs) ? Change::Type::alarm_on : Change::Type::happened;
  change.args = args_of(point, inputs);
  return change;
}

// What a reading says about one point: whether it is on; empty: unknown.
struct Report {
  std::optional<bool> is_on;
  const registry::Inputs* inputs = nullptr;
};

// The event of a point that was `was` and is `is`, if there is one.
std::optional<Change> change_between(const AlarmPoint& point, Report was, const Report& is, bool at_latest) {
  if (!is.is_on || kind_of(point, is.inputs) == registry::InputKind::spare) return std::nullopt;
  if (!priority_of(point, is.inputs)) {
    // It has no end, and one that was on before the device was read is no event of now. A word that was
    // unknown although the device was read had no reason to be read: what it says begins now.
    if (!*is.is_on || was.is_on.value_or(at_latest)) return std::nullopt;
    return change_of(point, true, at_latest, is.inputs);
  }
  // Until now its input was no alarm.
  if (was.is_on && !priority_of(point, was.inputs)) was.is_on = false;
  if (was.is_on == is.is_on) return std::nullopt;
  return change_of(point, *is.is_on, at_latest, is.inputs);
}

}  // namespace

std::vector<Change> point_changes(const PointState& before, const PointState& after, bool at_latest) {
  std::vector<Change> changes;
  if (!after.content->alarm_words) return changes;
  const bool is_judged_alike = before.engine_is_on == after.engine_is_on && before.inputs == after.inputs;
  const bool are_same_words =
      before.content != nullptr && before.content->alarm_words == after.content->alarm_words;
  if (are_same_words && is_judged_alike) return changes;
  const profile::Profile& profile = *after.content->profile;
  for (std::size_t index = 0; index < profile.alarm_words.size(); ++index) {
    const reading::AlarmWord* was = word_of(before.content, index);
    const reading::AlarmWord* is = word_of(after.content, index);
    if (!is->raw) continue;
    const bool is_same = was != nullptr && was->raw == is->raw;
    if (is_same && is_judged_alike) continue;
    const profile::AlarmWord& word = profile.alarm_words[index];
    for (std::uint32_t place = word.first_point; place < word.end_point; ++place) {
      const AlarmPoint& point = profile.alarm_points[place];
      const Report before_it{is_reported(point, was, before.engine_is_on), before.inputs};
      const Report after_it{is_reported(point, is, after.engine_is_on), after.inputs};
      auto change = change_between(point, before_it, after_it, at_latest);
      // A word that was not read now raises nothing: the controller's summary may have ended its alarms.
      const bool is_raised = change && change->type != Change::Type::alarm_off;
      if (change && (!is_raised || is_current(*after.content, *is))) changes.push_back(*std::move(change));
    }
  }
  return changes;
}

std::vector<const AlarmPoint*> standing_points(const PointState& state) {
  std::vector<const AlarmPoint*> points;
  if (!state.content->alarm_words) return points;
  const profile::Profile& profile = *state.content->profile;
  for (std::size_t index = 0; index < profile.alarm_words.size(); ++index) {
    const reading::AlarmWord& known = (*state.content->alarm_words)[index];
    if (known.raw.value_or(0) == 0 || !is_current(*state.content, known)) continue;
    const profile::AlarmWord& word = profile.alarm_words[index];
    for (std::uint32_t place = word.first_point; place < word.end_point; ++place) {
      const AlarmPoint& point = profile.alarm_points[place];
      if (is_reported(point, &known, state.engine_is_on).value_or(false) && priority_of(point, state.inputs))
        points.push_back(&point);
    }
  }
  return points;
}

Change raised_point(const AlarmPoint& point, const registry::Inputs* inputs, bool at_latest) {
  return change_of(point, true, at_latest, inputs);
}

bool is_point_unread(const Content& content, const AlarmPoint& point) {
  if (!content.alarm_words) return true;
  const auto& words = content.profile->alarm_words;
  const auto found = std::ranges::find(words, point.word, &profile::AlarmWord::place);
  const reading::AlarmWord& word = (*content.alarm_words)[static_cast<std::size_t>(found - words.begin())];
  return !word.raw || word.is_failing;
}

const AlarmPoint* find_point(const profile::Profile& profile, std::string_view code) {
  const auto found = std::ranges::find(profile.alarm_points, code, &AlarmPoint::code);
  return found == profile.alarm_points.end() ? nullptr : &*found;
}

bool is_class_covered(const Content& content, profile::AlarmClass alarm_class,
                      std::optional<std::int64_t> alarms_total, const registry::Inputs* inputs) {
  if (!content.alarm_words) return false;
  std::int64_t standing = 0;
  bool is_described = false;
  for (std::size_t index = 0; index < content.profile->alarm_words.size(); ++index) {
    const reading::AlarmWord& word = (*content.alarm_words)[index];
    if (!word.raw || !is_current(content, word)) continue;
    const profile::AlarmWord& points = content.profile->alarm_words[index];
    for (std::uint32_t place = points.first_point; place < points.end_point; ++place) {
      const AlarmPoint& point = content.profile->alarm_points[place];
      if (!point.is_on(*word.raw)) continue;
      ++standing;
      is_described = is_described || (point.is_confirmed && priority_of(point, inputs) &&
                                      !point.only_running && point.alarm_class == alarm_class);
    }
  }
  return is_described && alarms_total.value_or(0) <= standing;
}

}  // namespace gensetd::events
