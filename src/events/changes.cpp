#include "events/changes.hpp"

#include "events/json_view.hpp"
#include "events/point_changes.hpp"
#include "profile/roles.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

namespace gensetd::events {
namespace {

namespace json = boost::json;
using reading::Content;

struct Word {
  std::string_view key, en, ru;
};

constexpr std::array<Word, 4> modes{{{"auto", "automatic", "автоматический"},
                                     {"manual", "manual", "ручной"},
                                     {"stop", "stop", "стоп"},
                                     {"test", "test", "тест"}}};
constexpr Word no_mode{"", "unclear", "неясен"};

std::optional<bool> bit(const Content& content, std::size_t field) {
  const profile::Value& value = content.values[field];
  return value ? std::optional{*value != 0} : std::nullopt;
}

// In a mode exactly one of the bits is set; none or two set bits are no mode. Unknown when a bit has no data,
// or a code has no meaning.
struct Mode {
  bool is_known = true;
  std::optional<std::size_t> index;
  bool operator==(const Mode&) const = default;
};

Mode mode_of_code(const Content& content, std::size_t field) {
  constexpr std::array meanings{profile::Meaning::automatic, profile::Meaning::manual, profile::Meaning::stop,
                                profile::Meaning::test};
  const auto meaning =
      profile::meaning_of(*content.profile, content.profile->fields[field], content.values[field]);
  const auto* found = meaning ? std::ranges::find(meanings, *meaning) : meanings.end();
  if (found == meanings.end()) return {.is_known = false, .index = std::nullopt};
  return {.is_known = true, .index = static_cast<std::size_t>(found - meanings.begin())};
}

Mode mode_of(const Content& content, const EventFields& fields) {
  if (fields.mode) return mode_of_code(content, *fields.mode);
  Mode mode;
  std::size_t set = 0;
  for (std::size_t index = 0; index < fields.modes.size(); ++index) {
    const auto field = fields.modes[index];
    if (!field) continue;
    const auto is_set = bit(content, *field);
    if (!is_set) return {.is_known = false, .index = std::nullopt};
    if (!*is_set) continue;
    mode.index = index;
    ++set;
  }
  if (set != 1) mode.index.reset();
  return mode;
}

// Whether there is an alarm without a class.
std::optional<bool> is_unclassified(const Content& content, const EventFields& fields) {
  if (!fields.common_alarm) return std::nullopt;
  bool all_known = true;
  for (const EventFields::Alarm& alarm : fields.alarms) {
    const auto is_on = bit(content, alarm.field);
    if (is_on && *is_on) return false;
    all_known = all_known && is_on.has_value();
  }
  const auto common = bit(content, *fields.common_alarm);
  if (common && !*common) return false;
  return common && all_known ? common : std::nullopt;
}

bool has_class(const Content& content, const EventFields& fields) {
  return std::ranges::any_of(fields.alarms,
                             [&](const auto& alarm) { return bit(content, alarm.field).value_or(false); });
}

void add_texts(json::object& args, const std::string& end, const profile::Code* code, std::int64_t value) {
  std::string en = "code " + std::to_string(value);
  std::string ru = "код " + std::to_string(value);
  if (code != nullptr) {
    args[end + "_key"] = code->key;
    en = code->label.en;
    ru = code->label.ru;
  }
  args[end + "_en"] = en;
  args[end + "_ru"] = ru;
}

class Comparison {
 public:
  Comparison(const LastKnown& before, const Content& after, const EventFields& fields,
             const registry::Inputs* inputs)
      : known_(before), before_(before.content.get()), after_(after), fields_(fields), inputs_(inputs) {}

  std::vector<Change> missing(const std::function<bool(std::string_view)>& is_open) {
    for (const profile::AlarmPoint* point : standing_points({&after_, engine_is_on(&after_), inputs_})) {
      if (!is_open(point->code)) changes_.push_back(raised_point(*point, inputs_, true));
    }
    for (const EventFields::Alarm& alarm : fields_.alarms) {
      if (is_class_on(after_, alarm, inputs_).value_or(false) && !is_open(alarm.code))
        add(Change::Type::alarm_on, alarm.code, alarm_args(alarm.field), true);
    }
    if (is_unclassified(after_, fields_).value_or(false) && !is_open("alarm_unclassified"))
      add(Change::Type::alarm_on, "alarm_unclassified", alarm_args(*fields_.common_alarm), true);
    return std::move(changes_);
  }

  std::vector<Change> run() {
    compare_online();
    if (!after_.is_fresh()) return std::move(changes_);  // its values are not new
    compare_alarms();
    compare_points();
    if (before_ == nullptr || !before_->last_seen) return std::move(changes_);
    compare_mode();
    for (const EventFields::Coded& coded : fields_.coded) compare_code(coded);
    for (const EventFields::Bit& one : fields_.bits) compare_bit(one);
    compare_alarms_total();
    return std::move(changes_);
  }

 private:
  bool was_offline() const { return before_ == nullptr || !before_->online || !before_->last_seen; }
  bool is_older(std::size_t field) const {
    return was_offline() || (!known_.older.empty() && known_.older[field]);
  }

  bool has_older_mode() const {
    if (fields_.mode) return is_older(*fields_.mode);
    return std::ranges::any_of(fields_.modes, [this](const auto& bit) { return bit && is_older(*bit); });
  }

  void add(Change::Type type, std::string_view code, const json::object& args, bool at_latest) {
    changes_.push_back({type, code, json::serialize(args), at_latest});
  }

  void compare_online() {
    const bool was_online = before_ != nullptr && before_->online;
    if (before_ != nullptr && was_online == after_.online) return;
    if (after_.online) {
      add(Change::Type::back, {}, {}, false);
    } else {
      add(Change::Type::lost, {}, {{"error", after_.error}}, before_ == nullptr || !after_.last_seen);
    }
  }

  void compare_points() {
    auto changes = point_changes({before_, engine_is_on(before_), known_.inputs.get()},
                                 {&after_, engine_is_on(&after_), inputs_}, was_offline());
    std::ranges::move(changes, std::back_inserter(changes_));
  }

  std::optional<bool> engine_is_on(const Content* content) const {
    return content == nullptr ? std::nullopt : fields_.is_engine_running(*content);
  }

  // Whether the alarm of a class is on, and not only because of alarms that have names.
  std::optional<bool> is_class_on(const Content& content, const EventFields::Alarm& alarm,
                                  const registry::Inputs* inputs) const {
    const auto is_on = bit(content, alarm.field);
    if (!is_on.value_or(false) || !alarm.alarm_class) return is_on;
    if (fields_.alarms_total && !content.values[*fields_.alarms_total]) return true;
    return !is_class_covered(content, *alarm.alarm_class, alarms_total_of(content), inputs);
  }

  std::optional<std::int64_t> alarms_total_of(const Content& content) const {
    return fields_.alarms_total ? content.values[*fields_.alarms_total] : std::nullopt;
  }

  json::object alarm_args(std::size_t field) const {
    json::object args{{"field", after_.profile->fields[field].name}};
    if (fields_.alarms_total && after_.values[*fields_.alarms_total])
      args[view(alarms_total_arg)] = *after_.values[*fields_.alarms_total];
    return args;
  }

  // Empty: unknown. After a failed cycle, or one that left values out, the last known values and alarm words
  // are of different cycles, and do not tell whether names replaced the alarm.
  std::optional<bool> was_class_on(const EventFields::Alarm& alarm) const {
    if (before_ == nullptr) return std::nullopt;
    const bool is_of_one_cycle = before_->is_fresh() && known_.older.empty();
    if (!is_of_one_cycle && after_.alarm_words && bit(*before_, alarm.field).value_or(false))
      return std::nullopt;
    return is_class_on(*before_, alarm, known_.inputs.get());
  }

  void compare_alarms() {
    for (const EventFields::Alarm& alarm : fields_.alarms) {
      const auto was_on = was_class_on(alarm);
      const auto is_on = is_class_on(after_, alarm, inputs_);
      if (!is_on || was_on == is_on) continue;
      Change::Type type = *is_on ? Change::Type::alarm_on : Change::Type::alarm_off;
      if (!*is_on && bit(after_, alarm.field).value_or(false)) type = Change::Type::superseded;
      add(type, alarm.code, alarm_args(alarm.field), is_older(alarm.field));
    }
    const auto was_on = before_ == nullptr ? std::nullopt : is_unclassified(*before_, fields_);
    const auto is_on = is_unclassified(after_, fields_);
    if (!is_on || was_on == is_on) return;
    const std::size_t field = *fields_.common_alarm;
    Change::Type type = *is_on ? Change::Type::alarm_on : Change::Type::alarm_off;
    if (!*is_on && has_class(after_, fields_)) type = Change::Type::superseded;
    add(type, "alarm_unclassified", alarm_args(field), is_older(field));
  }

  void compare_mode() {
    const Mode was = mode_of(*before_, fields_);
    const Mode is = mode_of(after_, fields_);
    if (!is.is_known || !was.is_known || was == is) return;
    const auto word = [](const Mode& mode) { return mode.index ? modes[*mode.index] : no_mode; };
    const auto key = [](const Mode& mode) {
      return mode.index ? json::value(view(modes[*mode.index].key)) : json::value(nullptr);
    };
    const Word from = word(was);
    const Word to = word(is);
    add(Change::Type::happened, "mode_changed",
        {{"from", key(was)},
         {"to", key(is)},
         {"from_en", view(from.en)},
         {"from_ru", view(from.ru)},
         {"to_en", view(to.en)},
         {"to_ru", view(to.ru)}},
        has_older_mode());
  }

  void compare_code(const EventFields::Coded& coded) {
    const profile::Value& was = before_->values[coded.field];
    const profile::Value& is = after_.values[coded.field];
    if (!was || !is || *was == *is) return;
    const profile::Field& field = after_.profile->fields[coded.field];
    json::object args{{"field", field.name},
                      {"from", *was},
                      {"to", *is},
                      {"label_en", field.label.en},
                      {"label_ru", field.label.ru}};
    add_texts(args, "from", profile::find_code(*after_.profile, field, *was), *was);
    add_texts(args, "to", profile::find_code(*after_.profile, field, *is), *is);
    add(Change::Type::happened, coded.code, args, is_older(coded.field));
  }

  void compare_bit(const EventFields::Bit& one) {
    const auto was = bit(*before_, one.field);
    const auto is = bit(after_, one.field);
    if (!was || !is || was == is) return;
    add(Change::Type::happened, *is ? one.on : one.off, {{"field", after_.profile->fields[one.field].name}},
        is_older(one.field));
  }

  void compare_alarms_total() {
    if (!fields_.alarms_total) return;
    const std::size_t field = *fields_.alarms_total;
    const profile::Value& was = before_->values[field];
    const profile::Value& is = after_.values[field];
    if (!was || !is || *was == *is) return;
    add(Change::Type::happened, "alarm_count_changed", {{"from", *was}, {"to", *is}}, is_older(field));
  }

  const LastKnown& known_;
  const Content* before_;
  const Content& after_;
  const EventFields& fields_;
  const registry::Inputs* inputs_;
  std::vector<Change> changes_;
};

// Whether both have the same registers of, as far as is known, the same controller.
bool is_same_source(const LastKnown& before, const Content& after) {
  return before.content && before.content->profile == after.profile &&
         (after.last_seen || !before.content->last_seen);
}

}  // namespace

std::vector<Change> changes_between(const LastKnown& before, const Content& after, const EventFields& fields,
                                    const InputsPtr& inputs) {
  if (!before.content || before.content->profile == after.profile)
    return Comparison{before, after, fields, inputs.get()}.run();
  // The values of the old map are not compared, only whether the device was online.
  Content blank{.identity = after.identity,
                .profile = after.profile,
                .online = before.content->online,
                .values = std::vector<profile::Value>(after.values.size())};
  const LastKnown nothing{std::make_shared<const Content>(std::move(blank)), {}, {}};
  return Comparison{nothing, after, fields, inputs.get()}.run();
}

std::vector<Change> missing_alarms(const Content& content, const EventFields& fields, const InputsPtr& inputs,
                                   const std::function<bool(std::string_view)>& is_open) {
  if (!content.is_fresh()) return {};
  const LastKnown nothing;
  return Comparison{nothing, content, fields, inputs.get()}.missing(is_open);
}

LastKnown known_after(LastKnown before, std::shared_ptr<const Content> after, InputsPtr inputs) {
  if (!is_same_source(before, *after)) return {std::move(after), {}, std::move(inputs)};
  if (!after->is_fresh()) {
    // A failed cycle: its values are those of the last good one.
    Content kept = *before.content;
    kept.online = after->online;
    kept.timestamp = after->timestamp;
    kept.at = after->at;
    return {std::make_shared<const Content>(std::move(kept)), std::move(before.older),
            std::move(before.inputs)};
  }
  const auto has_older = [&](std::size_t field) {
    return !after->values[field] && before.content->values[field].has_value();
  };
  std::vector<bool> older(after->values.size());
  bool any_older = false;
  for (std::size_t field = 0; field < older.size(); ++field) {
    older[field] = has_older(field);
    any_older = any_older || older[field];
  }
  if (!any_older) return {std::move(after), {}, std::move(inputs)};
  Content merged = *after;
  for (std::size_t field = 0; field < older.size(); ++field) {
    if (older[field]) merged.values[field] = before.content->values[field];
  }
  return {std::make_shared<const Content>(std::move(merged)), std::move(older), std::move(inputs)};
}

}  // namespace gensetd::events
