#include "commands/daemon_responses.hpp"

#include "profile/number_rules.hpp"
#include "profile/words.hpp"
#include "registry/types.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>
#include <limits>
#include <utility>

namespace gensetd::commands {
namespace {

namespace json = boost::json;
using profile::Field;
using profile::Profile;
using profile::Type;

json::object parse_object(std::string_view text) {
  boost::system::error_code failed;
  json::value value = json::parse({text.data(), text.size()}, failed);
  if (failed || !value.is_object()) throw InvalidResponse("it is not a JSON object");
  return std::move(value.as_object());
}

const json::value& at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr) throw InvalidResponse("it has no '" + std::string{name} + "'");
  return *value;
}

[[noreturn]] void unexpected(std::string_view name) {
  throw InvalidResponse("its '" + std::string{name} + "' is not valid");
}

std::string text_at(const json::object& object, std::string_view name) {
  const auto* text = at(object, name).if_string();
  if (text == nullptr) unexpected(name);
  return {text->data(), text->size()};
}

std::string text_or_empty_at(const json::object& object, std::string_view name) {
  return at(object, name).is_null() ? std::string{} : text_at(object, name);
}

double number_at(const json::object& object, std::string_view name) {
  boost::system::error_code failed;
  const auto number = at(object, name).to_number<double>(failed);
  if (failed) unexpected(name);
  return number;
}

template <class Whole>
Whole whole(const json::value& value, std::string_view name) {
  boost::system::error_code failed;
  const auto number = value.to_number<std::int64_t>(failed);
  if (failed || !std::in_range<Whole>(number)) unexpected(name);
  return static_cast<Whole>(number);
}

template <class Whole>
Whole whole_at(const json::object& object, std::string_view name) {
  return whole<Whole>(at(object, name), name);
}

// Calls visit(object) for each entry of an array of objects.
template <class Visit>
void for_each_at(const json::object& object, std::string_view name, Visit visit) {
  const auto* list = at(object, name).if_array();
  if (list == nullptr) unexpected(name);
  for (const json::value& entry : *list) {
    if (!entry.is_object()) unexpected(name);
    visit(entry.get_object());
  }
}

profile::Text label_at(const json::object& object, std::string_view name) {
  const auto* label = at(object, name).if_object();
  if (label == nullptr) unexpected(name);
  return {text_at(*label, "en"), text_at(*label, "ru")};
}

Type type_at(const json::object& object) {
  const auto type = profile::type_from(text_at(object, "type"));
  if (!type) unexpected("type");
  return *type;
}

// Daemons that have holding registers only do not name the table.
modbus::Function table_of(const json::object& object) {
  if (!object.contains("table")) return modbus::Function::holding_registers;
  const auto table = profile::table_from(text_at(object, "table"));
  if (!table) unexpected("table");
  return *table;
}

Field field_from(const json::object& object) {
  Field field{.name = text_at(object, "name"),
              .table = table_of(object),
              .address = whole_at<std::uint16_t>(object, "address"),
              .type = type_at(object),
              .decimals = whole_at<std::uint8_t>(object, "decimals"),
              .unit = text_at(object, "unit"),
              .group = text_at(object, "group"),
              .label = label_at(object, "label"),
              .codes = text_or_empty_at(object, "codes")};
  if (field.decimals > 6) unexpected("decimals");
  if (field.type == Type::bit && !modbus::reads_bits(field.table))
    field.bit = whole_at<std::uint8_t>(object, "bit");
  if (!profile::has_fixed_length(field.type)) {
    field.keys.length = whole_at<std::uint16_t>(object, "registers");
    if (field.type == Type::bcd) field.keys.digits = field.keys.length == 2 ? 8 : 4;
  }
  return field;
}

profile::CodeTable table_from(const json::object& object) {
  profile::CodeTable table{.name = text_at(object, "name")};
  for_each_at(object, "codes", [&](const json::object& code) {
    table.codes.push_back(
        {whole_at<std::int64_t>(code, "value"), text_at(code, "key"), label_at(code, "label")});
  });
  return table;
}

// 398.5 of a field with one decimal becomes 3985. A fraction is a double: with two roundings 51 bits are
// exact, and more are better missing than wrong.
profile::Value value_from(const json::value& given, const Field& field) {
  constexpr double exact_max = 2'251'799'813'685'248;  // 2^51
  if (given.is_null()) return std::nullopt;
  if (const auto* flag = given.if_bool()) return *flag ? 1 : 0;
  std::int64_t power = 1;
  for (unsigned decimals = field.decimals; decimals > 0; --decimals) power *= 10;
  if (const auto* whole = given.if_int64()) {
    std::int64_t count = 0;
    if (__builtin_mul_overflow(*whole, power, &count)) unexpected(field.name);
    return count;
  }
  const auto* number = given.if_double();
  if (number == nullptr || std::abs(*number) > 1e19) unexpected(field.name);
  const double count = *number * static_cast<double>(power);
  return std::abs(count) <= exact_max ? profile::Value{std::llround(count)} : std::nullopt;
}

reading::Content content_from(const json::object& reading, const profile::ProfilePtr& profile) {
  const auto timestamp = reading::parse_timestamp(text_at(reading, "timestamp"));
  if (!timestamp) unexpected("timestamp");
  reading::Content content{.identity = {.device_type = text_at(reading, "device_type")},
                           .profile = profile,
                           .timestamp = *timestamp,
                           .online = true,
                           .error = text_or_empty_at(reading, "error"),
                           .last_seen = timestamp};
  std::vector<std::string> texts;
  for (const Field& field : profile->fields) {
    const json::value& given = at(reading, field.name);
    if (field.type == Type::text && given.is_string()) {
      content.values.emplace_back(static_cast<std::int64_t>(field.text));
      texts.emplace_back(given.get_string());
    } else {
      content.values.push_back(value_from(given, field));
      if (field.type == Type::text) texts.emplace_back();
    }
  }
  if (!texts.empty()) content.texts = std::make_shared<const std::vector<std::string>>(std::move(texts));
  return content;
}

void add_registers(const json::object& run, modbus::RawValues& registers) {
  const modbus::Function table = table_of(run);
  const auto first = whole_at<std::uint16_t>(run, "address");
  const auto* values = at(run, "values").if_array();
  if (values == nullptr || first + values->size() > 65'536) unexpected("values");
  for (std::size_t index = 0; index < values->size(); ++index)
    registers[{table, static_cast<std::uint16_t>(first + index)}] =
        whole<std::uint16_t>((*values)[index], "values");
}

}  // namespace

std::string read_body(const ReadJob& job) {
  json::object body{{"ip_address", job.address.host},
                    {"port", job.address.port},
                    {"slave_id", job.address.unit_id},
                    {"profile", job.profile_name}};
  if (job.protocol_given) body["protocol"] = profile::to_word(*job.protocol_given);
  if (job.range) {
    json::object range{{"address", job.range->first}, {"count", job.range->count}};
    // Older daemons do not know the key.
    if (job.range->function != modbus::Function::holding_registers)
      range["table"] = profile::to_word(job.range->function);
    body["raw"] = std::move(range);
  }
  return json::serialize(body);
}

profile::ProfilePtr profile_from(std::string_view text) {
  const json::object object = parse_object(text);
  auto made = std::make_shared<Profile>();
  made->name = text_at(object, "name");
  const auto* confirmed = object.if_contains("confirmed");
  made->is_confirmed = confirmed == nullptr || *confirmed != false;
  for_each_at(object, "groups", [&](const json::object& group) {
    made->groups.push_back({text_at(group, "name"), label_at(group, "label")});
  });
  for_each_at(object, "code_tables",
              [&](const json::object& table) { made->code_tables.push_back(table_from(table)); });
  for_each_at(object, "fields",
              [&](const json::object& field) { made->fields.push_back(field_from(field)); });
  for (Field& field : made->fields) {
    if (field.type == Type::text) field.text = made->text_count++;
  }
  return made;
}

api::ReadNowResult read_now_from(std::string_view text, const profile::ProfilePtr& profile) {
  const json::object object = parse_object(text);
  api::ReadNowResult result;
  result.error = text_or_empty_at(object, "error");
  result.latency = std::chrono::microseconds{std::llround(number_at(object, "latency_ms") * 1000)};
  result.requests = whole_at<std::size_t>(object, "requests");
  for_each_at(object, "registers", [&](const json::object& run) { add_registers(run, result.registers); });
  if (!result.error.empty() || !profile) return result;
  const auto* reading = at(object, "reading").if_object();
  if (reading == nullptr) unexpected("reading");
  result.content = content_from(*reading, profile);
  return result;
}

std::string error_message(std::string_view text) {
  try {
    const json::object object = parse_object(text);
    const auto* error = at(object, "error").if_object();
    return error == nullptr ? std::string{} : text_at(*error, "message");
  } catch (const InvalidResponse&) {
    return {};
  }
}

}  // namespace gensetd::commands
