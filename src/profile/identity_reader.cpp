#include "profile/identity_reader.hpp"

#include "profile/field_reader.hpp"
#include "profile/number_rules.hpp"
#include "profile/words.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace gensetd::profile {
namespace {

constexpr std::size_t seen_max = 100;
const std::vector<std::string_view> place_keys{"table",  "address",    "type",       "bit",    "mask",
                                               "length", "word_order", "byte_order", "digits", "encoding"};

Field read_place(const TableReader& reader, const NumberDefaults& defaults, std::string_view name) {
  Field field = read_unnamed_field(reader);
  field.name = name;
  // Each raw value counts.
  if (field.type != Type::text && field.type != Type::bit) field.keys.no_data = NoDataRule{};
  if (field.type == Type::enumeration || field.type == Type::f32 || field.type == Type::f64)
    reader.refuse_value("type", "an integer type, bit, bitfield, bcd or text");
  settle_number(field, defaults, reader.position());
  return field;
}

std::vector<std::string> read_allowed(const TableReader& reader, std::string_view key) {
  const std::string_view allowed =
      key == "equals" ? "a list of whole numbers or texts" : "a text that is not empty";
  std::vector<std::string> values;
  const TomlNode& node = reader.value(key, allowed);
  if (const auto* text = std::get_if<std::string>(&node.value); text != nullptr && key != "equals") {
    if (text->empty()) reader.refuse_value(key, allowed);
    return {*text};
  }
  const auto* list = key == "equals" ? std::get_if<TomlList>(&node.value) : nullptr;
  if (list == nullptr || list->empty()) reader.refuse_value(key, allowed);
  for (const TomlNode& entry : *list) {
    if (const auto* text = std::get_if<std::string>(&entry.value)) {
      values.push_back(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&entry.value)) {
      values.push_back(std::to_string(*number));
    } else {
      reader.refuse_value(key, allowed);
    }
  }
  return values;
}

IdentityRule read_rule(const TomlNode& node, std::string_view file, const NumberDefaults& defaults) {
  std::vector<std::string_view> keys = place_keys;
  keys.insert(keys.end(), {"equals", "begins_with"});
  const TableReader reader(node, file, "identity", keys);
  IdentityRule rule{.field = read_place(reader, defaults, "of identity")};
  if (reader.has("equals") == reader.has("begins_with"))
    refuse(reader.position(), "identity: one of equals and begins_with is needed");
  rule.is_prefix = reader.has("begins_with");
  if (rule.is_prefix && rule.field.type != Type::text)
    refuse(reader.position("begins_with"),
           fmt::format("identity: begins_with does not fit {}: must be equals", to_word(rule.field.type)));
  rule.allowed = read_allowed(reader, rule.is_prefix ? "begins_with" : "equals");
  return rule;
}

}  // namespace

void read_identity(Profile& profile, const TableReader& table) {
  if (table.has("identity")) {
    profile.identity.clear();
    for (const TomlNode& node : table.list("identity", "a list of registers with equals or begins_with"))
      profile.identity.push_back(read_rule(node, table.position().file, profile.defaults));
  }
  if (table.has("firmware")) {
    const TableReader reader(table.table("firmware"), table.position().file, "firmware", place_keys);
    profile.firmware = read_place(reader, profile.defaults, "of firmware");
  }
  if (table.has("confirmed")) profile.is_confirmed = table.truth("confirmed");
  profile.seen.clear();
  if (!table.has("seen")) return;
  constexpr std::string_view allowed = "a list of texts with firmware, date and site";
  for (const TomlNode& node : table.list("seen", allowed)) {
    const auto* text = std::get_if<std::string>(&node.value);
    if (text == nullptr || text->empty() || text->size() > TableReader::text_max ||
        profile.seen.size() == seen_max)
      table.refuse_value("seen", allowed);
    profile.seen.push_back(*text);
  }
}

}  // namespace gensetd::profile
