#include "profile/field_reader.hpp"

#include "profile/named_parts.hpp"
#include "profile/number_reader.hpp"
#include "profile/number_rules.hpp"
#include "profile/role_rules.hpp"
#include "profile/units.hpp"
#include "profile/words.hpp"

#include <iterator>
#include <span>

namespace gensetd::profile {
namespace {

constexpr WordTable<bool, 2> sign_words{{{"always", true}, {"negative", false}}};
constexpr std::int64_t register_max = 65'535;
constexpr std::int64_t decimals_max = 6;

// `is_new`: nothing is inherited.
void read_type(Field& field, const TableReader& table, unsigned format, bool is_new) {
  const Type before = field.type;
  if (is_new || table.has("type")) {
    field.type =
        table.word("type", std::span(type_words).first(format == 1 ? types_of_format_1 : type_count));
  }
  if (field.type != Type::bit && modbus::reads_bits(field.table))
    refuse(table.position("type"),
           fmt::format("field {} is {} in table {}, whose addresses are bits: must be bit", field.name,
                       to_word(field.type), to_word(field.table)));
  if (field.type != Type::bit) {
    if (table.has("bit"))
      refuse(table.position("bit"), "bit is only allowed in a field of type bit: must be type = \"bit\"");
    field.bit = 0;
  } else if (modbus::reads_bits(field.table)) {
    if (table.has("bit"))
      refuse(table.position("bit"),
             fmt::format("bit is stated in table {}, whose addresses are bits: must be left out",
                         to_word(field.table)));
    field.bit = 0;
  } else if (is_new || before != Type::bit || table.has("bit")) {
    field.bit = static_cast<std::uint8_t>(table.number("bit", 0, 15));
  }
}

// Format 1 states all that a profile of format 2 would take from the top level.
void read_number_of_format_1(Field& field, const TableReader& table, bool is_new) {
  if (table.has("no_data")) {
    field.no_data = table.word("no_data", no_data_words);
  } else if (is_new) {
    field.no_data = default_no_data(field.type);
  }
  field.keys.no_data = NoDataRule{field.no_data, {}};
  field.keys.byte_order = ByteOrder::big;
  field.keys.word_order.reset();
  if (register_count(field) > 1) field.keys.word_order = WordOrder::low_first;
}

void read_limit(std::optional<std::int64_t>& limit, const TableReader& table, std::string_view key,
                unsigned format) {
  if (!table.has(key)) return;
  if (format == 1) {
    limit = table.number(key, -2'147'483'648, 4'294'967'295);
    return;
  }
  constexpr std::string_view allowed = R"(a whole number, or "none" to drop an inherited limit)";
  const TomlNode& node = table.value(key, allowed);
  const auto* number = std::get_if<std::int64_t>(&node.value);
  const auto* word = std::get_if<std::string>(&node.value);
  if (number == nullptr && (word == nullptr || *word != "none")) table.refuse_value(key, allowed);
  limit = number != nullptr ? std::optional{*number} : std::nullopt;
}

void read_unit(Field& field, const TableReader& table, unsigned format) {
  if (!table.has("unit")) return;
  field.unit = table.text("unit");
  if (format == 1 || field.unit.empty() || find_unit(field.unit) != nullptr) return;
  std::vector<std::string_view> symbols;
  for (const Unit& unit : known_units()) symbols.push_back(unit.symbol);
  table.refuse_value("unit", fmt::format("one of {}", fmt::join(symbols, ", ")));
}

// `field` is a new field with its name, or a field of the base profile: then only the keys in `table` change
// it.
void read_field(Field& field, const TableReader& table, const Profile& profile, unsigned format,
                bool is_new) {
  const Type type_before = field.type;
  if (is_new || table.has("address"))
    field.address = static_cast<std::uint16_t>(table.number("address", 0, register_max));
  const modbus::Function table_before = field.table;
  if (table.has("table")) field.table = table.word("table", table_words);
  read_type(field, table, format, is_new || field.table != table_before);
  if (format == 1) {
    // A field of format 2 keeps how it is stored, unless the file states another number.
    const bool states_number = is_new || table.has("no_data") || field.type != type_before;
    if (profile.defaults.format == 1 || states_number) read_number_of_format_1(field, table, is_new);
  } else {
    read_number_keys(field.keys, table);
  }
  if (table.has("decimals"))
    field.decimals = static_cast<std::uint8_t>(table.number("decimals", 0, decimals_max));
  read_unit(field, table, format);
  if (table.has("sign")) field.shows_sign = table.word("sign", sign_words);
  read_limit(field.raw_min, table, "raw_min", format);
  read_limit(field.raw_max, table, "raw_max", format);
  if (is_new || table.has("group")) {
    field.group = table.name("group");
    check_exists(profile.groups, "group", field.group, table.position("group"));
  }
  if (table.has("codes")) {
    field.codes = table.name("codes");
    check_exists(profile.code_tables, "code table", field.codes, table.position("codes"));
  }
  if (is_new || table.has("label")) field.label = table.label("label");
  read_role(field, table);
  if (profile.defaults.format == 1 || (format == 1 && is_new)) {
    check_field(field, table.position());
  } else {
    check_field_name(field, table.position());
  }
}

// A field that is inherited and takes nothing from the profile is settled already.
bool is_settled(const ProfileDraft::Line<Field>& field) {
  const NumberKeys& keys = field.part.keys;
  return field.line == 0 && keys.no_data && keys.byte_order &&
         (keys.word_order || register_count(field.part) == 1);
}

}  // namespace

void read_fields(ProfileDraft& draft, const TableReader& table, const Profile& profile, unsigned format,
                 bool derived) {
  if (derived && !table.has("fields")) return;
  for (const TomlNode& node : table.list("fields", "a list of fields")) {
    const TableReader reader = reader_of(node, draft.file, "field", format,
                                         {"name", "address", "type", "bit", "decimals", "no_data", "raw_min",
                                          "raw_max", "unit", "sign", "group", "codes", "label"},
                                         {"table", "mask", "scale", "offset", "word_order", "byte_order",
                                          "digits", "length", "encoding", "role"});
    const std::string name = reader.name("name");
    auto found =
        find_named(draft.fields, name, [](const auto& line) -> const std::string& { return line.part.name; });
    const bool is_new = found == draft.fields.end();
    if (!is_new) check_is_new(found->line == 0, "field", name, reader.position("name"));
    if (is_new) {
      draft.fields.emplace_back();
      found = std::prev(draft.fields.end());
      found->part.name = name;
    }
    found->line = reader.position().line;
    read_field(found->part, reader, profile, format, is_new);
  }
  if (draft.fields.empty()) refuse(table.position("fields"), "fields = []: must have one field at least");
}

Field read_unnamed_field(const TableReader& table) {
  Field field;
  if (table.has("table")) field.table = table.word("table", table_words);
  field.address = static_cast<std::uint16_t>(table.number("address", 0, register_max));
  read_type(field, table, 2, true);
  read_number_keys(field.keys, table);
  return field;
}

void settle_fields(ProfileDraft& draft, const NumberDefaults& defaults) {
  if (defaults.format == 1) return;
  for (auto& field : draft.fields) {
    if (is_settled(field)) continue;
    settle_number(field.part, defaults, draft.position(field.line));
  }
}

}  // namespace gensetd::profile
