#pragma once

#include "events/event.hpp"

#include <soci/soci.h>

#include <optional>
#include <string>
#include <string_view>

namespace gensetd::events {

template <class T>
struct NullableColumn {
  T value{};
  soci::indicator indicator = soci::i_null;

  NullableColumn() = default;
  template <class U>
  explicit NullableColumn(const std::optional<U>& from)
      : value(from ? static_cast<T>(*from) : T{}), indicator(from ? soci::i_ok : soci::i_null) {}
  bool is_null() const { return indicator != soci::i_ok; }
};

inline std::optional<std::string> printed(const std::optional<Timestamp>& time) {
  return time ? std::optional{reading::print_timestamp(*time)} : std::nullopt;
}

inline constexpr std::string_view event_columns =
    "id, device_id, site_id, site_code, kind, priority, code, args, state, onset, onset_at_latest, "
    "returned_at, acknowledged_at, acknowledged_by";

// A row as SOCI exchanges it, in the order of `event_columns`.
struct EventRow {
  long long id = 0;
  NullableColumn<long long> device_id, site_id;
  std::string site_code, kind;
  NullableColumn<int> priority;
  std::string code, args, state, onset;
  int onset_at_latest = 0;
  NullableColumn<std::string> returned_at, acknowledged_at;
  std::string acknowledged_by;

  void fill(const Event& event) {
    id = event.id;
    device_id = NullableColumn<long long>(event.device_id);
    site_id = NullableColumn<long long>(event.site_id);
    site_code = event.site_code;
    kind = to_word(event.kind);
    priority = NullableColumn<int>(event.priority);
    code = event.code;
    args = event.args;
    state = to_word(event.state);
    onset = reading::print_timestamp(event.onset);
    onset_at_latest = event.onset_at_latest ? 1 : 0;
    returned_at = NullableColumn<std::string>(printed(event.returned_at));
    acknowledged_at = NullableColumn<std::string>(printed(event.acknowledged_at));
    acknowledged_by = event.acknowledged_by;
  }

  // Empty when the row is invalid: it is left out, and the rest of the journal is shown.
  std::optional<Event> event() const {
    const auto known_kind = kind_from(kind);
    const auto known_state = state_from(state);
    const auto began = reading::parse_timestamp(onset);
    if (!known_kind || !known_state || !began) return std::nullopt;
    Event event{.id = id,
                .site_code = site_code,
                .kind = *known_kind,
                .code = code,
                .args = args,
                .state = *known_state,
                .onset = *began,
                .onset_at_latest = onset_at_latest != 0,
                .acknowledged_by = acknowledged_by};
    if (!device_id.is_null()) event.device_id = device_id.value;
    if (!site_id.is_null()) event.site_id = site_id.value;
    if (!priority.is_null()) event.priority = priority.value;
    if (!returned_at.is_null()) event.returned_at = reading::parse_timestamp(returned_at.value);
    if (!acknowledged_at.is_null()) event.acknowledged_at = reading::parse_timestamp(acknowledged_at.value);
    return event;
  }

  template <class T>
  static void one(soci::statement& statement, T& value, bool into) {
    if (into) {
      statement.exchange(soci::into(value));
    } else {
      statement.exchange(soci::use(value));
    }
  }
  template <class T>
  static void one(soci::statement& statement, NullableColumn<T>& column, bool into) {
    if (into) {
      statement.exchange(soci::into(column.value, column.indicator));
    } else {
      statement.exchange(soci::use(column.value, column.indicator));
    }
  }
  void exchange(soci::statement& statement, bool into) {
    one(statement, id, into);
    one(statement, device_id, into);
    one(statement, site_id, into);
    for (std::string* text : {&site_code, &kind}) one(statement, *text, into);
    one(statement, priority, into);
    for (std::string* text : {&code, &args, &state, &onset}) one(statement, *text, into);
    one(statement, onset_at_latest, into);
    one(statement, returned_at, into);
    one(statement, acknowledged_at, into);
    one(statement, acknowledged_by, into);
  }
};

}  // namespace gensetd::events
