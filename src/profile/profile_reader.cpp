#include "profile/profile_reader.hpp"

#include "profile/alarm_reader.hpp"
#include "profile/field_reader.hpp"
#include "profile/identity_reader.hpp"
#include "profile/legacy_roles.hpp"
#include "profile/named_parts.hpp"
#include "profile/number_reader.hpp"
#include "profile/profile_rules.hpp"
#include "profile/role_rules.hpp"
#include "profile/table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace gensetd::profile {
namespace {

constexpr std::int64_t requests_in_flight_max = 16;
constexpr std::int64_t request_gap_max_ms = 10'000;
constexpr std::int64_t code_min = -2'147'483'648;
constexpr std::int64_t code_max = 4'294'967'295;

// Which keys are allowed: those of format 2 also for a format that top_level() then refuses.
unsigned format_of(const TomlNode& document) {
  const auto& members = std::get<TomlTable>(document.value).members;
  const auto found = std::ranges::find(members, "format", &TomlMember::key);
  if (found == members.end()) return 1;
  const auto* number = std::get_if<std::int64_t>(&found->value.value);
  return number != nullptr && *number == 1 ? 1 : 2;
}

TableReader top_level(const TomlNode& document, std::string_view file) {
  const TableReader table =
      reader_of(document, file, "profile", format_of(document),
                {"name", "extends", "title", "device_type", "protocol", "probe_address", "tcp", "serial",
                 "groups", "code_tables", "blocks", "fields", "format"},
                {"word_order", "byte_order", "no_data", "remove", "probe_table", "alarm_layouts",
                 "alarm_groups", "alarms", "alarm_help", "identity", "firmware", "confirmed", "seen"});
  if (table.has("format")) table.number("format", 1, 2);
  return table;
}

void read_transport(Transport& transport, const TableReader& profile, std::string_view key, unsigned format,
                    bool derived, std::int64_t in_flight_max) {
  if (derived && !profile.has(key)) return;
  const TableReader table =
      reader_of(profile.table(key), profile.position().file, key, format,
                {"merge_limit", "request_gap_ms", "requests_in_flight"}, {"gap_max", "whole_blocks"});
  if (!derived || table.has("merge_limit")) {
    transport.merge_limit =
        static_cast<std::uint16_t>(table.number("merge_limit", 1, modbus::registers_per_request_max));
  }
  if (!derived || table.has("request_gap_ms"))
    transport.request_gap = std::chrono::milliseconds(table.number("request_gap_ms", 0, request_gap_max_ms));
  if (!derived || table.has("requests_in_flight"))
    transport.requests_in_flight =
        static_cast<std::uint16_t>(table.number("requests_in_flight", 1, in_flight_max));
  if (table.has("gap_max"))
    transport.gap_max =
        static_cast<std::uint16_t>(table.number("gap_max", 0, modbus::registers_per_request_max));
  if (table.has("whole_blocks")) transport.whole_blocks = table.truth("whole_blocks");
}

void read_device(Profile& profile, const TableReader& table, unsigned format, bool derived) {
  if (!derived || table.has("title")) profile.title = table.label("title");
  if (!derived || table.has("device_type")) {
    profile.device_type = table.word("device_type", device_type_words);
  }
  if (!derived || table.has("protocol")) {
    profile.protocol = table.word("protocol", protocol_words);
  }
  if (!derived) profile.probe.function = modbus::Function::holding_registers;
  if (!derived || table.has("probe_address"))
    profile.probe.address = static_cast<std::uint16_t>(table.number("probe_address", 0, address_max));
  if (table.has("probe_table")) profile.probe.function = table.word("probe_table", table_words);
  read_transport(profile.tcp, table, "tcp", format, derived, requests_in_flight_max);
  read_transport(profile.serial, table, "serial", format, derived, 1);
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

CodeTable read_code_table(const TableReader& table, unsigned format) {
  CodeTable codes{table.name("name"), {}};
  for (const TomlNode& node : table.list("codes", "a list of codes")) {
    const TableReader code =
        reader_of(node, table.position().file, "code", format, {"value", "key", "label"}, {"means"});
    Code read{code.number("value", code_min, code_max), code.name("key"), code.label("label"),
              read_meaning(code)};
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
    CodeTable read = read_code_table(reader, profile.defaults.format);
    const auto known = find_named(profile.code_tables, read.name,
                                  [](const CodeTable& t) -> const std::string& { return t.name; });
    check_is_new(known == profile.code_tables.end(), "code table", read.name, reader.position("name"));
    profile.code_tables.push_back(std::move(read));
  }
}

// When an optional block is read.
void read_schedule(Block& block, const TableReader& reader) {
  if (reader.has("every")) block.every = static_cast<std::uint16_t>(reader.number("every", 1, every_max));
  if (!reader.has("when")) return;
  constexpr std::string_view allowed = R"(a list of conditions such as ["any_alarm", "state:fault"])";
  const TomlList& conditions = reader.list("when", allowed);
  for (const TomlNode& node : conditions) {
    const auto* text = std::get_if<std::string>(&node.value);
    if (text == nullptr) reader.refuse_value("when", allowed);
    block.when.push_back(*text);
  }
  if (block.when.empty()) reader.refuse_value("when", allowed);
  if (block.every == 1)
    refuse(reader.position("every"),
           fmt::format("block {} has every = 1 and when: it is read in each cycle, so "
                       "one of them must be left out",
                       block.name));
}

void read_blocks(ProfileDraft& draft, const TableReader& table, unsigned format, bool derived) {
  if (derived && !table.has("blocks")) return;
  for (const TomlNode& node : table.list("blocks", "a list of blocks")) {
    const TableReader reader = reader_of(node, draft.file, "block", format, {"name", "address", "count"},
                                         {"table", "every", "when"});
    Block block;
    block.name = reader.name("name");
    if (reader.has("table")) block.table = reader.word("table", table_words);
    block.address = static_cast<std::uint16_t>(reader.number("address", 0, address_max));
    block.count = static_cast<std::uint16_t>(reader.number("count", 1, modbus::count_max(block.table)));
    if (block.end() - 1 > address_max)
      refuse(reader.position("count"),
             fmt::format("block {} ends after {} 65535: must end at 65535 at most", block.name,
                         modbus::reads_bits(block.table) ? "bit" : "register"));
    if (modbus::is_ambiguous_on_serial_line(block.table, block.count))
      refuse(reader.position("count"),
             fmt::format("block {} has {} bits: must be at most {}, or at least {}, as on a serial line the "
                         "response would be as long as a request",
                         block.name, block.count, modbus::ambiguous_bits_min - 1,
                         modbus::ambiguous_bits_max + 1));
    read_schedule(block, reader);
    const auto known = find_named(draft.blocks, block.name,
                                  [](const auto& line) -> const std::string& { return line.part.name; });
    check_is_new(known == draft.blocks.end(), "block", block.name, reader.position("name"));
    draft.blocks.push_back({std::move(block), reader.position().line});
  }
  if (draft.blocks.empty()) refuse(table.position("blocks"), "blocks = []: must have one block at least");
}

template <typename Lines>
void remove_named(Lines& lines, const TableReader& table, std::string_view key, std::string_view what) {
  if (!table.has(key)) return;
  for (const TomlNode& node : table.list(key, fmt::format("a list of names of {}s", what))) {
    const FilePosition position{table.position().file, node.line};
    const auto* name = std::get_if<std::string>(&node.value);
    if (name == nullptr) refuse(position, fmt::format("{}: must be a list of names of {}s", key, what));
    const auto found =
        find_named(lines, *name, [](const auto& line) -> const std::string& { return line.part.name; });
    if (found == lines.end())
      refuse(position, fmt::format("remove: the profile that is extended has no {} {}: must have it", what,
                                   in_quotes(*name)));
    lines.erase(found);
  }
}

void remove_parts(ProfileDraft& draft, Profile& profile, const TableReader& table, bool derived) {
  if (!table.has("remove")) return;
  if (!derived) refuse(table.position("remove"), "remove is only allowed with extends: must be left out");
  const TableReader parts(table.table("remove"), draft.file, "remove", {"fields", "blocks", "alarms"});
  remove_named(draft.fields, parts, "fields", "field");
  remove_named(draft.blocks, parts, "blocks", "block");
  remove_alarms(profile, parts);
}

void read_format(NumberDefaults& defaults, const TableReader& table, const TomlNode& document) {
  const unsigned format = format_of(document);
  defaults.format = std::max(defaults.format, format);
  if (format > 1) read_defaults(defaults, table);
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
  read_format(profile.defaults, table, document);
  const unsigned format = format_of(document);
  read_device(profile, table, format, derived);
  read_groups(profile, table, derived);
  read_code_tables(profile, table);

  ProfileDraft draft{.file = file, .extends_line = table.position("extends").line};
  for (Block& block : profile.blocks) draft.blocks.push_back({std::move(block), 0});
  for (Field& field : profile.fields) draft.fields.push_back({std::move(field), 0});
  remove_parts(draft, profile, table, derived);
  read_blocks(draft, table, format, derived);
  read_fields(draft, table, profile, format, derived);
  if (draft.blocks.empty() || draft.fields.empty())
    refuse(table.position("remove"), "remove leaves no block or no field: must leave one of each");
  settle_fields(draft, profile.defaults);
  finish_draft(draft, profile);
  if (format > 1) settle_roles(draft, profile);
  profile.blocks.clear();
  profile.fields.clear();
  for (auto& block : draft.blocks) profile.blocks.push_back(std::move(block.part));
  for (auto& field : draft.fields) profile.fields.push_back(std::move(field.part));
  if (format == 1 && profile.defaults.format == 1) set_legacy_roles(profile);
  if (format == 1 && profile.defaults.format > 1) complete_legacy_roles(profile);
  profile.text_count = 0;
  for (Field& field : profile.fields) {
    if (field.type == Type::text) field.text = profile.text_count++;
  }
  read_identity(profile, table);
  const AlarmLines alarm_lines = read_alarms(profile, table);
  arrange_alarms(profile, table, alarm_lines);
  return profile;
}

}  // namespace gensetd::profile
