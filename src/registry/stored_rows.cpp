#include "registry/stored_rows.hpp"

#include "reading/reading.hpp"
#include "registry/fields.hpp"
#include "registry/validation.hpp"
#include "text/json_text.hpp"
#include "text/number.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <array>
#include <optional>

namespace gensetd::registry {
namespace {

namespace json = boost::json;
using Content = Column::Content;

constexpr std::size_t json_bytes_max = 65'536;
constexpr std::size_t notes_bytes_max = 524'288;  // 200 notes of 500 characters of up to 4 bytes

constexpr std::array site_columns_of_row = {Column{"name"},
                                            Column{"code"},
                                            Column{"network"},
                                            Column{"description"},
                                            Column{"is_active", Content::flag},
                                            Column{"topology", Content::json, json_bytes_max},
                                            Column{"alarm_notes", Content::json, notes_bytes_max},
                                            Column{"created_at", Content::time},
                                            Column{"updated_at", Content::time}};

// The protocol is read before the unit id, whose range depends on it.
constexpr std::array device_columns_of_row = {Column{"site_id", Content::number},
                                              Column{"name"},
                                              Column{"device_type"},
                                              Column{"profile"},
                                              Column{"ip_address"},
                                              Column{"port", Content::number},
                                              Column{"protocol"},
                                              Column{"slave_id", Content::number},
                                              Column{"is_active", Content::flag},
                                              Column{"poll_interval", Content::number},
                                              Column{"modbus_timeout", Content::number},
                                              Column{"retry_delay", Content::number},
                                              Column{"offline_after", Content::number},
                                              Column{"connect_delay", Content::number},
                                              Column{"description"},
                                              Column{"rated_power_kw", Content::number},
                                              Column{"nominal_voltage", Content::number},
                                              Column{"battery_voltage", Content::number},
                                              Column{"limits", Content::json, json_bytes_max},
                                              Column{"inputs", Content::json, json_bytes_max},
                                              Column{"created_at", Content::time},
                                              Column{"updated_at", Content::time}};

constexpr std::array profile_columns_of_row = {Column{"name"},
                                               Column{"toml", Content::text, StoredProfile::bytes_max},
                                               Column{"changed_at", Content::time}, Column{"changed_by"}};

// Empty when `text` is not UTF-8.
std::optional<json::value> text_value(const std::string& text) {
  std::string quoted;
  text::append_json_string(quoted, text);
  json::error_code failed;
  json::value value = json::parse(quoted, failed);
  if (failed) return std::nullopt;
  return value;
}

std::optional<json::value> number_value(const std::string& text) {
  if (const auto number = text::parse_number<std::int64_t>(text)) return *number;
  if (const auto number = text::parse_number<double>(text)) return *number;
  return text_value(text);
}

std::optional<json::value> flag_value(const std::string& text) {
  if (text == "1" || text == "true" || text == "t") return true;
  if (text == "0" || text == "false" || text == "f") return false;
  return number_value(text);
}

std::optional<json::value> json_value(const std::string& text) {
  json::error_code failed;
  json::value value = json::parse(text, failed);
  return failed ? text_value(text) : value;  // a string, which is not a valid attribute
}

// The JSON value of a request with the same content; empty when there is none.
std::optional<json::value> value_of(const Column& column, const StoredValue& stored) {
  if (stored.kind == StoredValue::Kind::null) return json::value(nullptr);  // braces would make an array
  if (stored.kind != StoredValue::Kind::value) return std::nullopt;
  switch (column.content) {
    case Content::number:
      return number_value(stored.text);
    case Content::flag:
      return flag_value(stored.text);
    case Content::json:
      return json_value(stored.text);
    case Content::text:
    case Content::time:
      return text_value(stored.text);
  }
  return std::nullopt;
}

// The problem of a value without JSON equivalent.
std::string unreadable(const Column& column, const StoredValue& stored) {
  if (stored.kind == StoredValue::Kind::too_long)
    return fmt::format("{} is longer than {} bytes", column.name, column.bytes_max);
  if (stored.kind == StoredValue::Kind::blob)
    return fmt::format("{} is a blob instead of a text", column.name);
  return fmt::format("{} is not UTF-8", column.name);
}

std::string shown(const Column& column, const StoredValue& stored) {
  if (stored.kind == StoredValue::Kind::null) return "NULL";
  if (stored.text.empty()) return "empty";
  const bool is_number = column.content == Content::number && text::parse_number<double>(stored.text);
  return is_number ? shortened(stored.text) : fmt::format("'{}'", shortened(stored.text));
}

// Empty when the value is valid and was stored in `row`.
template <class Row>
std::string problem(const Column& column, const StoredValue& stored, Row& row) {
  auto value = value_of(column, stored);
  if (!value) return unreadable(column, stored);
  if (column.name == "alarm_notes") drop_unknown_codes(*value);
  if (column.content == Content::time) {
    const auto time = value->is_string() ? reading::parse_timestamp(stored.text) : std::nullopt;
    if (!time)
      return fmt::format("{} is {}; it must be a time such as 2026-01-31T12:00:00.000Z", column.name,
                         shown(column, stored));
    (column.name == "created_at" ? row.created_at : row.updated_at) = *time;
    return {};
  }
  const std::string refusal = read_stored(column.name, *value, row);
  return refusal.empty() ? refusal : fmt::format("{} is {}; {}", column.name, shown(column, stored), refusal);
}

template <class Row>
Row row_from(std::int64_t id, std::span<const Column> columns, std::span<const StoredValue> values, Row row) {
  row.id = id;
  for (std::size_t index = 0; index < columns.size(); ++index) {
    std::string what = problem(columns[index], values[index], row);
    if (!what.empty())
      row.damage.push_back({.column = std::string{columns[index].name}, .what = std::move(what)});
  }
  return row;
}

}  // namespace

std::span<const Column> site_columns() { return site_columns_of_row; }

std::span<const Column> profile_columns() { return profile_columns_of_row; }

std::span<const Column> device_columns() { return device_columns_of_row; }

Site site_from(std::int64_t id, std::span<const StoredValue> values) {
  const std::string name = fmt::format("site {}", id);
  return row_from(id, site_columns(), values, Site{.name = name, .code = name, .is_active = false});
}

StoredProfile profile_from(std::span<const StoredValue> values) {
  StoredProfile profile{.name = values[0].text,
                        .toml = values[1].text,
                        .changed_at = {},
                        .changed_by = values[3].text,
                        .problem = {}};
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
    const Column& column = profile_columns_of_row.at(index);
    if (!value_of(column, values[index])) profile.problem = unreadable(column, values[index]);
    if (values[index].text.empty() && profile.problem.empty())
      profile.problem = fmt::format("{} is empty", column.name);
  }
  // Only for people: a mistake in it costs nothing.
  profile.changed_at = reading::parse_timestamp(values[2].text).value_or(Timestamp{});
  return profile;
}

Device device_from(std::int64_t id, std::span<const StoredValue> values) {
  return row_from(id, device_columns(), values,
                  Device{.name = fmt::format("device {}", id), .is_active = false});
}

}  // namespace gensetd::registry
