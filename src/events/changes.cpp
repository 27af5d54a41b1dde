#include "events/changes.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace gensetd::events {
namespace {

namespace json = boost::json;
using reading::Facts;

struct Word {
  std::string_view key, en, ru;
};

constexpr std::array<Word, 4> modes{{{"auto", "automatic", "автоматический"},
                                     {"manual", "manual", "ручной"},
                                     {"stop", "stop", "стоп"},
                                     {"test", "test", "тест"}}};
constexpr Word no_mode{"", "unclear", "неясен"};

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

std::optional<bool> bit(const Facts& facts, std::size_t field) {
  const profile::Value& value = facts.values[field];
  return value ? std::optional{*value != 0} : std::nullopt;
}

// Exactly one of the bits is set in a mode; none or two are no mode. Empty when a bit has no data.
struct Mode {
  bool is_known = true;
  std::optional<std::size_t> index;
  bool operator==(const Mode&) const = default;
};

Mode mode_of(const Facts& facts, const Watchlist& watchlist) {
  Mode mode;
  std::size_t set = 0;
  for (std::size_t index = 0; index < watchlist.modes.size(); ++index) {
    const auto field = watchlist.modes[index];
    if (!field) continue;
    const auto is_set = bit(facts, *field);
    if (!is_set) return {.is_known = false, .index = std::nullopt};
    if (!*is_set) continue;
    mode.index = index;
    ++set;
  }
  if (set != 1) mode.index.reset();
  return mode;
}

// Whether there is an alarm that no class names.
std::optional<bool> is_unclassified(const Facts& facts, const Watchlist& watchlist) {
  if (!watchlist.common_alarm) return std::nullopt;
  bool all_known = true;
  for (const Watchlist::Alarm& alarm : watchlist.alarms) {
    const auto is_on = bit(facts, alarm.field);
    if (is_on && *is_on) return false;
    all_known = all_known && is_on.has_value();
  }
  const auto common = bit(facts, *watchlist.common_alarm);
  if (common && !*common) return false;
  return common && all_known ? common : std::nullopt;
}

bool has_class(const Facts& facts, const Watchlist& watchlist) {
  return std::ranges::any_of(watchlist.alarms,
                             [&](const auto& alarm) { return bit(facts, alarm.field).value_or(false); });
}

void add_texts(json::object& args, const std::string& end, const profile::CodeTable* table,
               std::int64_t value) {
  std::string en = "code " + std::to_string(value);
  std::string ru = "код " + std::to_string(value);
  if (table != nullptr) {
    const auto code = std::ranges::find(table->codes, value, &profile::Code::value);
    if (code != table->codes.end()) {
      args[end + "_key"] = code->key;
      en = code->label.en;
      ru = code->label.ru;
    }
  }
  args[end + "_en"] = en;
  args[end + "_ru"] = ru;
}

class Comparison {
 public:
  Comparison(const Known& before, const Facts& after, const Watchlist& watchlist)
      : known_(before), before_(before.facts.get()), after_(after), watchlist_(watchlist) {}

  std::vector<Change> run() {
    compare_online();
    if (!after_.is_fresh()) return std::move(changes_);  // its values are not new
    compare_alarms();
    if (before_ == nullptr || !before_->last_seen) return std::move(changes_);
    compare_mode();
    for (const Watchlist::Coded& coded : watchlist_.coded) compare_code(coded);
    for (const Watchlist::Bit& one : watchlist_.bits) compare_bit(one);
    compare_alarm_count();
    return std::move(changes_);
  }

 private:
  bool was_away() const { return before_ == nullptr || !before_->online || !before_->last_seen; }
  bool is_older(std::size_t field) const {
    return was_away() || (!known_.older.empty() && known_.older[field]);
  }

  void add(Change::What what, std::string_view code, const json::object& args, bool at_latest) {
    changes_.push_back({what, code, json::serialize(args), at_latest});
  }

  void compare_online() {
    const bool was_online = before_ != nullptr && before_->online;
    if (before_ != nullptr && was_online == after_.online) return;
    if (after_.online) {
      add(Change::What::back, {}, {}, false);
    } else {
      add(Change::What::lost, {}, {{"error", after_.error}}, before_ == nullptr || !after_.last_seen);
    }
  }

  json::object alarm_args(std::size_t field) const {
    json::object args{{"field", after_.profile->fields[field].name}};
    if (watchlist_.alarm_count && after_.values[*watchlist_.alarm_count])
      args["alarm_count"] = *after_.values[*watchlist_.alarm_count];
    return args;
  }

  void compare_alarms() {
    for (const Watchlist::Alarm& alarm : watchlist_.alarms) {
      const auto was_on = before_ == nullptr ? std::nullopt : bit(*before_, alarm.field);
      const auto is_on = bit(after_, alarm.field);
      if (!is_on || was_on == is_on) continue;
      add(*is_on ? Change::What::alarm_on : Change::What::alarm_off, alarm.code, alarm_args(alarm.field),
          is_older(alarm.field));
    }
    const auto was_on = before_ == nullptr ? std::nullopt : is_unclassified(*before_, watchlist_);
    const auto is_on = is_unclassified(after_, watchlist_);
    if (!is_on || was_on == is_on) return;
    const std::size_t field = *watchlist_.common_alarm;
    Change::What what = *is_on ? Change::What::alarm_on : Change::What::alarm_off;
    if (!*is_on && has_class(after_, watchlist_)) what = Change::What::covered;
    add(what, "alarm_unclassified", alarm_args(field), is_older(field));
  }

  void compare_mode() {
    const Mode was = mode_of(*before_, watchlist_);
    const Mode is = mode_of(after_, watchlist_);
    if (!is.is_known || !was.is_known || was == is) return;
    const auto word = [](const Mode& mode) { return mode.index ? modes[*mode.index] : no_mode; };
    const auto key = [](const Mode& mode) {
      return mode.index ? json::value(view(modes[*mode.index].key)) : json::value(nullptr);
    };
    const Word from = word(was);
    const Word to = word(is);
    add(Change::What::happened, "mode_changed",
        {{"from", key(was)},
         {"to", key(is)},
         {"from_en", view(from.en)},
         {"from_ru", view(from.ru)},
         {"to_en", view(to.en)},
         {"to_ru", view(to.ru)}},
        is_older(*watchlist_.modes[0]));
  }

  void compare_code(const Watchlist::Coded& coded) {
    const profile::Value& was = before_->values[coded.field];
    const profile::Value& is = after_.values[coded.field];
    if (!was || !is || *was == *is) return;
    const profile::Field& field = after_.profile->fields[coded.field];
    const auto& tables = after_.profile->code_tables;
    const auto found = std::ranges::find(tables, field.codes, &profile::CodeTable::name);
    const profile::CodeTable* table = found == tables.end() ? nullptr : &*found;
    json::object args{{"field", field.name},
                      {"from", *was},
                      {"to", *is},
                      {"label_en", field.label.en},
                      {"label_ru", field.label.ru}};
    add_texts(args, "from", table, *was);
    add_texts(args, "to", table, *is);
    add(Change::What::happened, coded.code, args, is_older(coded.field));
  }

  void compare_bit(const Watchlist::Bit& one) {
    const auto was = bit(*before_, one.field);
    const auto is = bit(after_, one.field);
    if (!was || !is || was == is) return;
    add(Change::What::happened, *is ? one.on : one.off, {{"field", after_.profile->fields[one.field].name}},
        is_older(one.field));
  }

  void compare_alarm_count() {
    if (!watchlist_.alarm_count) return;
    const std::size_t field = *watchlist_.alarm_count;
    const profile::Value& was = before_->values[field];
    const profile::Value& is = after_.values[field];
    if (!was || !is || *was == *is) return;
    add(Change::What::happened, "alarm_count_changed", {{"from", *was}, {"to", *is}}, is_older(field));
  }

  const Known& known_;
  const Facts* before_;
  const Facts& after_;
  const Watchlist& watchlist_;
  std::vector<Change> changes_;
};

// Whether both are about the same registers of, as far as is known, the same controller.
bool continues(const Known& before, const Facts& after) {
  return before.facts && before.facts->profile == after.profile &&
         (after.last_seen || !before.facts->last_seen);
}

}  // namespace

std::vector<Change> changes_between(const Known& before, const Facts& after, const Watchlist& watchlist) {
  if (!before.facts || before.facts->profile == after.profile)
    return Comparison{before, after, watchlist}.run();
  // Of the old map's values nothing is compared, but whether it answered still is.
  Facts blank{.identity = after.identity,
              .profile = after.profile,
              .online = before.facts->online,
              .values = std::vector<profile::Value>(after.values.size())};
  const Known nothing{std::make_shared<const Facts>(std::move(blank)), {}};
  return Comparison{nothing, after, watchlist}.run();
}

Known known_after(Known before, std::shared_ptr<const Facts> after) {
  if (!continues(before, *after)) return {std::move(after), {}};
  if (!after->is_fresh()) {
    // A failed cycle: its values are those of the last good one.
    Facts kept = *before.facts;
    kept.online = after->online;
    kept.timestamp = after->timestamp;
    kept.at = after->at;
    return {std::make_shared<const Facts>(std::move(kept)), std::move(before.older)};
  }
  const auto has_older = [&](std::size_t field) {
    return !after->values[field] && before.facts->values[field].has_value();
  };
  std::vector<bool> older(after->values.size());
  bool any_older = false;
  for (std::size_t field = 0; field < older.size(); ++field) {
    older[field] = has_older(field);
    any_older = any_older || older[field];
  }
  if (!any_older) return {std::move(after), {}};
  Facts merged = *after;
  for (std::size_t field = 0; field < older.size(); ++field) {
    if (older[field]) merged.values[field] = before.facts->values[field];
  }
  return {std::make_shared<const Facts>(std::move(merged)), std::move(older)};
}

}  // namespace gensetd::events
