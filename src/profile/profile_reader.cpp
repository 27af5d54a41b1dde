#include "profile/profile_reader.hpp"

#include "profile/profile_rules.hpp"
#include "profile/table_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <iterator>

namespace gensetd::profile {
namespace {

constexpr WordTable<bool, 2> sign_words{{{"always", true}, {"negative", false}}};
constexpr std::int64_t address_max = 65'535;
constexpr std::int64_t requests_in_flight_max = 16;
constexpr std::int64_t request_gap_max_ms = 10'000;
constexpr std::int64_t decimals_max = 6;
constexpr std::int64_t code_min = -2'147'483'648;
constexpr std::int64_t code_max = 4'294'967'295;

TableReader top_level(const TomlNode& document, std::string_view file) {
  return {document,
          file,
          "profile",
          {"name", "extends", "title", "device_type", "protocol", "probe_address", "tcp", "serial", "groups",
           "code_tables", "blocks", "fields"}};
}

template <typename Parts, typename Name>
auto find_named(Parts& parts, std::string_view name, Name name_of) {
  return std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return name_of(part) == name; });
}

template <typename Parts>
void check_exists(const Parts& parts, std::string_view what, std::string_view name,
                  const FilePosition& position) {
  const auto name_of = [](const auto& part) -> const std::string& { return part.name; };
  if (find_named(parts, name, name_of) != parts.end()) return;
  std::vector<std::string_view> known;
  known.reserve(parts.size());
  for (const auto& part : parts) known.push_back(part.name);
  refuse(position, fmt::format("there is no {} {}: must be one of {}", what, in_quotes(name),
                               known.empty() ? "those of the file, which contains none"
                                             : fmt::format("{}", fmt::join(known, ", "))));
}

void check_is_new(bool is_new, std::string_view what, std::string_view name, const FilePosition& position) {
  if (!is_new) refuse(position, fmt::format("{} {} exists already: must be a new name", what, name));
}

void read_transport(Transport& transport, const TableReader& profile, std::string_view key, bool derived,
                    std::int64_t in_flight_max) {
  if (derived && !profile.has(key)) return;
  const TableReader table(profile.table(key), profile.position().file, key,
                          {"merge_limit", "request_gap_ms", "requests_in_flight"});
  if (!derived || table.has("merge_limit")) {
    transport.merge_limit =
        static_cast<std::uint16_t>(table.number("merge_limit", 1, modbus::registers_per_request_max));
  }
  if (!derived || table.has("request_gap_ms"))
    transport.request_gap = std::chrono::milliseconds(table.number("request_gap_ms", 0, request_gap_max_ms));
  if (!derived || table.has("requests_in_flight"))
    transport.requests_in_flight =
        static_cast<std::uint16_t>(table.number("requests_in_flight", 1, in_flight_max));
}

void read_device(Profile& profile, const TableReader& table, bool derived) {
  if (!derived || table.has("title")) profile.title = table.label("title");
  if (!derived || table.has("device_type")) {
    profile.device_type = table.word("device_type", device_type_words);
  }
  if (!derived || table.has("protocol")) {
    profile.protocol = table.word("protocol", protocol_words);
  }
  if (!derived || table.has("probe_address"))
    profile.probe_address = static_cast<std::uint16_t>(table.number("probe_address", 0, address_max));
  read_transport(profile.tcp, table, "tcp", derived, requests_in_flight_max);
  read_transport(profile.serial, table, "serial", derived, 1);
}

void read_groups(Profile& profile, const TableReader& table, bool derived) {
  if (derived && !table.has("groups")) return;
  for (const TomlNode& node : table.list("groups", "a list of groups")) {
    const TableReader group(node, table.position().file, "group", {"name", "label"});
    const std::string name = group.name("name");
    const auto known =
        find_named(profile.groups, name, [](const Group& g) -> const std::string& { return g.name; });
    check_is_new(known == profile.groups.end(), "group", name, group.position("name"));
    profile.groups.push_back({name, group.label("label")});
  }
}

CodeTable read_code_table(const TableReader& table) {
  CodeTable codes{table.name("name"), {}};
  for (const TomlNode& node : table.list("codes", "a list of codes")) {
    const TableReader code(node, table.position().file, "code", {"value", "key", "label"});
    Code read{code.number("value", code_min, code_max), code.name("key"), code.label("label")};
    for (const Code& other : codes.codes) {
      check_is_new(other.value != read.value, "code", std::to_string(read.value), code.position("value"));
      check_is_new(other.key != read.key, "code", read.key, code.position("key"));
    }
    codes.codes.push_back(std::move(read));
  }
  if (codes.codes.empty()) refuse(table.position("codes"), "codes = []: must have one code at least");
  std::sort(codes.codes.begin(), codes.codes.end(),
            [](const Code& a, const Code& b) { return a.value < b.value; });
  return codes;
}

void read_code_tables(Profile& profile, const TableReader& table) {
  if (!table.has("code_tables")) return;
  for (const TomlNode& node : table.list("code_tables", "a list of code tables")) {
    const TableReader reader(node, table.position().file, "code table", {"name", "codes"});
    CodeTable read = read_code_table(reader);
    const auto known = find_named(profile.code_tables, read.name,
                                  [](const CodeTable& t) -> const std::string& { return t.name; });
    check_is_new(known == profile.code_tables.end(), "code table", read.name, reader.position("name"));
    profile.code_tables.push_back(std::move(read));
  }
}

void read_blocks(ProfileDraft& draft, const TableReader& table, bool derived) {
  if (derived && !table.has("blocks")) return;
  for (const TomlNode& node : table.list("blocks", "a list of blocks")) {
    const TableReader reader(node, draft.file, "block", {"name", "address", "count"});
    Block block;
    block.name = reader.name("name");
    block.address = static_cast<std::uint16_t>(reader.number("address", 0, address_max));
    block.count = static_cast<std::uint16_t>(reader.number("count", 1, modbus::registers_per_request_max));
    if (block.address + block.count - 1 > address_max)
      refuse(reader.position("count"),
             fmt::format("block {} ends after register 65535: must end at 65535 at most", block.name));
    const auto known = find_named(draft.blocks, block.name,
                                  [](const auto& line) -> const std::string& { return line.part.name; });
    check_is_new(known == draft.blocks.end(), "block", block.name, reader.position("name"));
    draft.blocks.push_back({std::move(block), reader.position().line});
  }
  if (draft.blocks.empty()) refuse(table.position("blocks"), "blocks = []: must have one block at least");
}

void read_type(Field& field, const TableReader& table, bool is_new) {
  const Type before = field.type;
  if (is_new || table.has("type")) {
    field.type = table.word("type", type_words);
  }
  if (field.type != Type::bit) {
    if (table.has("bit"))
      refuse(table.position("bit"), "bit is only allowed in a field of type bit: must be type = \"bit\"");
    field.bit = 0;
  } else if (is_new || before != Type::bit || table.has("bit")) {
    field.bit = static_cast<std::uint8_t>(table.number("bit", 0, 15));
  }
  if (table.has("no_data")) {
    field.no_data = table.word("no_data", no_data_words);
  } else if (is_new) {
    field.no_data = default_no_data(field.type);
  }
}

// `field` is a new field with its name, or a field of the base profile: then only the keys in `table` change
// it.
void read_field(Field& field, const TableReader& table, const Profile& profile, bool is_new) {
  constexpr std::int64_t lowest = -2'147'483'648;
  constexpr std::int64_t highest = 4'294'967'295;
  if (is_new || table.has("address"))
    field.address = static_cast<std::uint16_t>(table.number("address", 0, address_max));
  read_type(field, table, is_new);
  if (table.has("decimals"))
    field.decimals = static_cast<std::uint8_t>(table.number("decimals", 0, decimals_max));
  if (table.has("unit")) field.unit = table.text("unit");
  if (table.has("sign")) field.shows_sign = table.word("sign", sign_words);
  if (table.has("raw_min")) field.raw_min = table.number("raw_min", lowest, highest);
  if (table.has("raw_max")) field.raw_max = table.number("raw_max", lowest, highest);
  if (is_new || table.has("group")) {
    field.group = table.name("group");
    check_exists(profile.groups, "group", field.group, table.position("group"));
  }
  if (table.has("codes")) {
    field.codes = table.name("codes");
    check_exists(profile.code_tables, "code table", field.codes, table.position("codes"));
  }
  if (is_new || table.has("label")) field.label = table.label("label");
  check_field(field, table.position());
}

void read_fields(ProfileDraft& draft, const TableReader& table, const Profile& profile, bool derived) {
  if (derived && !table.has("fields")) return;
  for (const TomlNode& node : table.list("fields", "a list of fields")) {
    const TableReader reader(node, draft.file, "field",
                             {"name", "address", "type", "bit", "decimals", "no_data", "raw_min", "raw_max",
                              "unit", "sign", "group", "codes", "label"});
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
    read_field(found->part, reader, profile, is_new);
  }
  if (draft.fields.empty()) refuse(table.position("fields"), "fields = []: must have one field at least");
}

}  // namespace

ProfileHeader read_header(const TomlNode& document, std::string_view file) {
  const TableReader table = top_level(document, file);
  ProfileHeader header{table.name("name"), table.position("name").line, {}, 0};
  if (!table.has("extends")) return header;
  header.extends = table.name("extends");
  header.extends_line = table.position("extends").line;
  if (header.extends == header.name) {
    refuse(table.position("extends"),
           fmt::format("profile {} extends itself: must have a name of its own, or extend another",
                       header.name));
  }
  return header;
}

Profile read_profile(const TomlNode& document, std::string_view file, const Profile* base) {
  const TableReader table = top_level(document, file);
  const bool derived = base != nullptr;
  Profile profile = derived ? *base : Profile{};
  profile.name = table.name("name");
  read_device(profile, table, derived);
  read_groups(profile, table, derived);
  read_code_tables(profile, table);

  ProfileDraft draft{file, {}, {}};
  for (Block& block : profile.blocks) draft.blocks.push_back({std::move(block), 0});
  for (Field& field : profile.fields) draft.fields.push_back({std::move(field), 0});
  read_blocks(draft, table, derived);
  read_fields(draft, table, profile, derived);
  finish_draft(draft);
  profile.blocks.clear();
  profile.fields.clear();
  for (auto& block : draft.blocks) profile.blocks.push_back(std::move(block.part));
  for (auto& field : draft.fields) profile.fields.push_back(std::move(field.part));
  return profile;
}

}  // namespace gensetd::profile
