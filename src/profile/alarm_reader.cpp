#include "profile/alarm_reader.hpp"

#include "profile/named_parts.hpp"
#include "profile/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <map>
#include <span>
#include <tuple>

namespace gensetd::profile {
namespace {

constexpr std::int64_t word_max = 124;
constexpr std::int64_t input_max = 32;
constexpr std::int64_t priority_max = 3;
constexpr std::size_t help_bytes_max = 1'000;
constexpr std::size_t points_max = 4'000;
// Texts of alarms whose bit has no name.
constexpr std::string_view unnamed_en = "Alarm without a name in the register map";
constexpr std::string_view unnamed_ru = "Авария без названия в карте регистров";

std::vector<std::string_view> keys_of(const std::vector<TomlMember>& members) {
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const TomlMember& member : members) keys.push_back(member.key);
  return keys;
}

// One bit of an alarm layout.
struct LayoutBit {
  std::uint16_t word = 0;  // from the first register of a group
  std::uint8_t bit = 0;
  std::string code;
  Text label;
  std::uint8_t input = 0;
};

struct Layout {
  std::string name;
  std::vector<LayoutBit> bits;
};

// A group while its file is read.
struct GroupDraft {
  AlarmGroup group;
  std::vector<std::string> only_running;
};

// What a bit of a layout and a single alarm have in common.
template <typename Part>
void read_texts(Part& part, const TableReader& reader) {
  part.code = reader.name("code");
  part.label = reader.label("label");
  if (reader.has("input")) part.input = static_cast<std::uint8_t>(reader.number("input", 1, input_max));
}

Layout read_layout(const TableReader& table) {
  Layout layout{table.name("name"), {}};
  for (const TomlNode& node : table.list("bits", "a list of bits")) {
    const TableReader reader(node, table.position().file, "bit of an alarm layout",
                             {"word", "bit", "code", "label", "input"});
    LayoutBit bit;
    bit.word = static_cast<std::uint16_t>(reader.number("word", 0, word_max));
    bit.bit = static_cast<std::uint8_t>(reader.number("bit", 0, 15));
    read_texts(bit, reader);
    for (const LayoutBit& other : layout.bits) {
      check_is_new(other.code != bit.code, "alarm", bit.code, reader.position("code"));
      check_is_new(other.word != bit.word || other.bit != bit.bit, "bit",
                   fmt::format("{} of word {}", bit.bit, bit.word), reader.position("bit"));
    }
    layout.bits.push_back(std::move(bit));
  }
  if (layout.bits.empty()) refuse(table.position("bits"), "bits = []: must have one bit at least");
  return layout;
}

std::vector<Layout> read_layouts(const TableReader& profile) {
  std::vector<Layout> layouts;
  if (!profile.has("alarm_layouts")) return layouts;
  for (const TomlNode& node : profile.list("alarm_layouts", "a list of alarm layouts")) {
    const TableReader reader(node, profile.position().file, "alarm layout", {"name", "bits"});
    Layout layout = read_layout(reader);
    check_is_new(std::ranges::find(layouts, layout.name, &Layout::name) == layouts.end(), "alarm layout",
                 layout.name, reader.position("name"));
    layouts.push_back(std::move(layout));
  }
  return layouts;
}

void read_flags(AlarmGroup& group, const TableReader& reader) {
  if (reader.has("priority")) group.priority = static_cast<int>(reader.number("priority", 1, priority_max));
  if (reader.has("latched")) group.is_latched = reader.truth("latched");
  if (reader.has("confirmed")) group.is_confirmed = reader.truth("confirmed");
}

void set_class(AlarmPoint& point, AlarmClass alarm_class, std::optional<int> priority) {
  point.alarm_class = alarm_class;
  // An indication is an event without an end: it has no priority.
  point.priority = alarm_class == AlarmClass::indication ? std::nullopt
                   : priority                            ? priority
                                                         : default_priority(alarm_class);
}

AlarmPoint point_of(const AlarmGroup& group, std::string_view code, AlarmClass alarm_class) {
  AlarmPoint point;
  point.code = fmt::format("{}{}.{}", point_prefix, group.name, code);
  point.is_latched = group.is_latched;
  point.is_confirmed = group.is_confirmed;
  set_class(point, alarm_class, group.priority);
  return point;
}

[[noreturn]] void refuse_only_running(const FilePosition& position, std::string_view what,
                                      AlarmClass of_class) {
  refuse(position,
         fmt::format("only_running: {} is of class {}, which stops or trips the set and must always be "
                     "reported: must be of class warning or indication",
                     what, to_word(of_class)));
}

void add_layout(Profile& profile, const GroupDraft& draft, const Layout& layout, const TableReader& reader) {
  const AlarmGroup& group = draft.group;
  if (!group.alarm_class)
    refuse(reader.position("layout"),
           fmt::format("alarm group {} has a layout and no class: needed is a class", group.name));
  const auto first = reader.number("first", 0, address_max);
  const bool has_unnamed = reader.has("unnamed") && reader.truth("unnamed");
  const std::uint16_t last_word = std::ranges::max(layout.bits, {}, &LayoutBit::word).word;
  if (first + last_word > address_max)
    refuse(reader.position("first"),
           fmt::format("alarm group {} ends behind register 65535: must end at 65535 "
                       "at most",
                       group.name));
  modbus::Function table = modbus::Function::holding_registers;
  if (reader.has("table")) table = reader.word("table", std::span(table_words).first(2));
  std::map<std::pair<std::uint16_t, std::uint8_t>, const LayoutBit*> named;
  for (const LayoutBit& bit : layout.bits) named[{bit.word, bit.bit}] = &bit;
  for (std::uint16_t word = 0; word <= last_word; ++word) {
    for (std::uint8_t bit = 0; bit < 16; ++bit) {
      const auto found = named.find({word, bit});
      if (found == named.end() && !has_unnamed) continue;
      const LayoutBit* known = found == named.end() ? nullptr : found->second;
      AlarmPoint point =
          point_of(group, known != nullptr ? known->code : fmt::format("word_{}_bit_{}", word, bit),
                   *group.alarm_class);
      point.word = {table, static_cast<std::uint16_t>(first + word)};
      point.mask = static_cast<std::uint16_t>(1U << bit);
      if (known != nullptr) {
        point.label = known->label;
        point.input = known->input;
        point.only_running = std::ranges::find(draft.only_running, known->code) != draft.only_running.end();
      } else {
        point.label = {std::string{unnamed_en}, std::string{unnamed_ru}};
        point.is_confirmed = false;  // its place is all that is known
      }
      profile.alarm_points.push_back(std::move(point));
    }
  }
}

// The points from index `before` on are defined by this table.
void note_lines(AlarmLines& lines, const Profile& profile, std::size_t before, const TableReader& reader) {
  for (std::size_t index = before; index < profile.alarm_points.size(); ++index)
    lines.emplace(profile.alarm_points[index].code, reader.position().line);
}

void check_only_running(const GroupDraft& draft, const Layout* layout, const TableReader& reader) {
  for (const std::string& code : draft.only_running) {
    const bool is_known =
        layout != nullptr && std::ranges::find(layout->bits, code, &LayoutBit::code) != layout->bits.end();
    if (!is_known)
      refuse(reader.position("only_running"),
             fmt::format("only_running: the layout of alarm group {} has no alarm {}: must be a code of it",
                         draft.group.name, in_quotes(code)));
    if (!may_be_suppressed(*draft.group.alarm_class))
      refuse_only_running(reader.position("only_running"), code, *draft.group.alarm_class);
  }
}

void read_groups(Profile& profile, const TableReader& table, const std::vector<Layout>& layouts,
                 AlarmLines& lines) {
  if (!table.has("alarm_groups")) return;
  for (const TomlNode& node : table.list("alarm_groups", "a list of alarm groups")) {
    const TableReader reader(node, table.position().file, "alarm group",
                             {"name", "class", "first", "table", "layout", "unnamed", "only_running",
                              "priority", "latched", "confirmed"});
    GroupDraft draft;
    draft.group.name = reader.name("name");
    check_is_new(std::ranges::find(profile.alarm_groups, draft.group.name, &AlarmGroup::name) ==
                     profile.alarm_groups.end(),
                 "alarm group", draft.group.name, reader.position("name"));
    if (reader.has("class")) draft.group.alarm_class = reader.word("class", alarm_class_words);
    read_flags(draft.group, reader);
    if (reader.has("only_running")) {
      for (const TomlNode& code : reader.list("only_running", "a list of codes of the layout")) {
        const auto* text = std::get_if<std::string>(&code.value);
        if (text == nullptr) reader.refuse_value("only_running", "a list of codes of the layout");
        draft.only_running.push_back(*text);
      }
    }
    const Layout* layout = nullptr;
    if (reader.has("layout")) {
      const std::string name = reader.name("layout");
      check_exists(layouts, "alarm layout", name, reader.position("layout"));
      layout = &*std::ranges::find(layouts, name, &Layout::name);
    }
    for (const std::string_view key : {"first", "table", "unnamed", "only_running"}) {
      if (layout == nullptr && reader.has(key))
        refuse(reader.position(key), fmt::format("{} is only allowed with layout: must be left out", key));
    }
    const std::size_t before = profile.alarm_points.size();
    if (layout != nullptr) add_layout(profile, draft, *layout, reader);
    note_lines(lines, profile, before, reader);
    check_only_running(draft, layout, reader);
    profile.alarm_groups.push_back(std::move(draft.group));
  }
}

std::uint16_t read_bits(const TableReader& reader, modbus::Function table, bool has_values) {
  if (modbus::reads_bits(table)) {
    for (const std::string_view key : {"bit", "mask", "values"}) {
      if (reader.has(key))
        refuse(reader.position(key),
               fmt::format("{} is stated in table {}, whose addresses are bits: must be left "
                           "out",
                           key, to_word(table)));
    }
    return 1;
  }
  if (!reader.has("mask")) return static_cast<std::uint16_t>(1U << reader.number("bit", 0, 15));
  if (reader.has("bit"))
    refuse(reader.position("bit"), "an alarm has bit and mask: one of them must be left out");
  const auto mask = static_cast<std::uint16_t>(reader.number("mask", 1, 0xFFFF));
  const unsigned shifted = mask >> static_cast<unsigned>(std::countr_zero(mask));
  if (has_values && !std::has_single_bit(shifted + 1))
    reader.refuse_value("mask", "set bits that are neighbours, such as 0x00F0");
  return mask;
}

// values = { 2 = "warning", 3 = "shutdown" }: one point for each value.
void add_values(Profile& profile, const AlarmPoint& point, const AlarmGroup& group,
                const TableReader& reader) {
  constexpr std::string_view allowed =
      R"(a table of values and classes such as { 2 = "warning", 3 = "shutdown" })";
  const auto& members = std::get<TomlTable>(reader.table("values").value).members;
  if (members.empty()) reader.refuse_value("values", allowed);
  const int highest = point.mask >> std::countr_zero(point.mask);
  for (const TomlMember& member : members) {
    const FilePosition position{reader.position().file, member.line};
    int value = 0;
    const char* const end = member.key.data() + member.key.size();
    const auto [stop, failed] = std::from_chars(member.key.data(), end, value);
    if (failed != std::errc{} || stop != end || value < 0 || value > highest)
      refuse(position, fmt::format("values: {} does not fit the mask: must be a whole number 0..{}",
                                   in_quotes(member.key), highest));
    const auto* word = std::get_if<std::string>(&member.value.value);
    const auto known = word == nullptr ? alarm_class_words.end()
                                       : std::ranges::find(alarm_class_words, *word,
                                                           [](const auto& entry) { return entry.first; });
    std::vector<std::string_view> words;
    for (const auto& entry : alarm_class_words) words.push_back(entry.first);
    if (known == alarm_class_words.end())
      refuse(position, fmt::format("values: {} = {}: must be {}, in quotes", member.key, shown(member.value),
                                   fmt::join(words, " or ")));
    AlarmPoint of_value = point;
    of_value.value = static_cast<std::uint16_t>(value);
    of_value.code += fmt::format(".{}", *word);
    set_class(of_value, known->second, group.priority);
    if (of_value.only_running && !may_be_suppressed(known->second))
      refuse_only_running(position, fmt::format("value {}", value), known->second);
    profile.alarm_points.push_back(std::move(of_value));
  }
}

void read_single_alarms(Profile& profile, const TableReader& table, AlarmLines& lines) {
  if (!table.has("alarms")) return;
  for (const TomlNode& node : table.list("alarms", "a list of alarms")) {
    const TableReader reader(node, table.position().file, "alarm",
                             {"group", "table", "address", "bit", "mask", "values", "code", "label", "input",
                              "priority", "latched", "confirmed", "only_running"});
    const std::string group_name = reader.name("group");
    check_exists(profile.alarm_groups, "alarm group", group_name, reader.position("group"));
    AlarmGroup group = *std::ranges::find(profile.alarm_groups, group_name, &AlarmGroup::name);
    read_flags(group, reader);
    const bool has_values = reader.has("values");
    if (!has_values && !group.alarm_class)
      refuse(
          reader.position(),
          fmt::format("alarm group {} has no class: needed are values, or a class of the group", group.name));
    AlarmPoint part;
    read_texts(part, reader);
    AlarmPoint point = point_of(group, part.code, group.alarm_class.value_or(AlarmClass::warning));
    point.label = std::move(part.label);
    point.input = part.input;
    if (reader.has("table"))
      point.word.function = reader.word("table", table_words);
    else
      point.word.function = modbus::Function::holding_registers;
    point.word.address = static_cast<std::uint16_t>(reader.number("address", 0, address_max));
    point.mask = read_bits(reader, point.word.function, has_values);
    if (reader.has("only_running")) point.only_running = reader.truth("only_running");
    if (!has_values && point.only_running && !may_be_suppressed(point.alarm_class))
      refuse_only_running(reader.position("only_running"), part.code, point.alarm_class);
    const std::size_t before = profile.alarm_points.size();
    if (has_values) {
      add_values(profile, point, group, reader);
    } else {
      profile.alarm_points.push_back(std::move(point));
    }
    note_lines(lines, profile, before, reader);
  }
}

// [alarm_help.<code>]: for the alarms of all groups with this code.
void read_help(Profile& profile, const TableReader& table) {
  if (!table.has("alarm_help")) return;
  const auto& members = std::get<TomlTable>(table.table("alarm_help").value).members;
  for (const TomlMember& member : members) {
    const FilePosition position{table.position().file, member.line};
    const TableReader reader(table.table("alarm_help"), table.position().file, "alarm_help",
                             keys_of(members));
    const Text help = reader.label(member.key, help_bytes_max);
    bool is_known = false;
    for (AlarmPoint& point : profile.alarm_points) {
      if (code_in_group(point) != member.key) continue;
      point.help = help;
      is_known = true;
    }
    if (!is_known)
      refuse(position,
             fmt::format("alarm_help: there is no alarm {}: must be the code of one", in_quotes(member.key)));
  }
}

}  // namespace

AlarmLines read_alarms(Profile& profile, const TableReader& table) {
  AlarmLines lines;
  const std::vector<Layout> layouts = read_layouts(table);
  read_groups(profile, table, layouts, lines);
  read_single_alarms(profile, table, lines);
  read_help(profile, table);
  if (profile.alarm_points.size() > points_max)
    refuse(table.position(), fmt::format("the profile has {} alarms: must have {} at most",
                                         profile.alarm_points.size(), points_max));
  return lines;
}

}  // namespace gensetd::profile
