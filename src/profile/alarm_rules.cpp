#include "profile/alarm_rules.hpp"

#include "profile/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace gensetd::profile {
namespace {

// The line of the file that concerns these points last.
FilePosition position_of(const AlarmLines& lines, const TableReader& table, const AlarmPoint& a,
                         const AlarmPoint& b) {
  unsigned line = 0;
  for (const AlarmPoint* point : {&a, &b}) {
    const auto [first, end] = lines.equal_range(point->code);
    for (auto entry = first; entry != end; ++entry) line = std::max(line, entry->second);
  }
  return {table.position().file, line != 0 ? line : table.position("extends").line};
}

std::uint16_t block_of_word(const Profile& profile, const AlarmPoint& point, const FilePosition& position) {
  const auto block = std::ranges::find_if(profile.blocks, [&](const Block& candidate) {
    return candidate.table == point.word.function && point.word.address >= candidate.address &&
           point.word.address < candidate.end();
  });
  if (block == profile.blocks.end())
    refuse(position, fmt::format("alarm {} is at {}{}, which is in no block: must be inside one",
                                 short_code(point), table_prefix(point.word.function), point.word.address));
  return static_cast<std::uint16_t>(block - profile.blocks.begin());
}

void check_points_differ(const Profile& profile, const TableReader& table, const AlarmLines& lines) {
  std::map<std::string_view, const AlarmPoint*> codes;
  std::map<std::tuple<modbus::TableAddress, std::uint16_t, int>, const AlarmPoint*> places;
  for (const AlarmPoint& point : profile.alarm_points) {
    if (!codes.try_emplace(point.code, &point).second)
      refuse(position_of(lines, table, point, point),
             fmt::format("two alarms have the code {}: one of them must differ", short_code(point)));
    const auto [other, is_new] =
        places.try_emplace({point.word, point.mask, point.value ? int{*point.value} : -1}, &point);
    if (!is_new)
      refuse(position_of(lines, table, *other->second, point),
             fmt::format("alarms {} and {} are the same bit, {}: one of them must differ",
                         short_code(*other->second), short_code(point), place_of(point).en));
  }
}

// A set bit without a name is shown too, in blocks that are read for the alarms only.
void add_words_without_alarms(Profile& profile) {
  std::vector<AlarmWord> words = profile.alarm_words;
  for (std::size_t index = 0; index < profile.blocks.size(); ++index) {
    const Block& block = profile.blocks[index];
    const auto is_inside = [&](const AlarmWord& word) { return word.block == index; };
    if (block.is_always_read() || std::ranges::none_of(profile.alarm_words, is_inside)) continue;
    for (int address = block.address; address < block.end(); ++address) {
      const modbus::TableAddress place{block.table, static_cast<std::uint16_t>(address)};
      if (std::ranges::find(profile.alarm_words, place, &AlarmWord::place) != profile.alarm_words.end())
        continue;
      words.push_back({place, static_cast<std::uint16_t>(index), 0, 0});
    }
  }
  std::ranges::sort(words, {}, &AlarmWord::place);
  profile.alarm_words = std::move(words);
}

}  // namespace

// "group.code" or "group.code.class".
std::string_view short_code(const AlarmPoint& point) {
  return std::string_view{point.code}.substr(point_prefix.size());
}

std::string_view code_in_group(const AlarmPoint& point) {
  std::string_view code = short_code(point);
  code.remove_prefix(code.find('.') + 1);
  return code.substr(0, code.find('.'));
}

void remove_alarms(Profile& profile, const TableReader& remove) {
  if (!remove.has("alarms")) return;
  constexpr std::string_view allowed = "a list of alarms by group and code, such as \"warning.input_1\"";
  for (const TomlNode& node : remove.list("alarms", allowed)) {
    const auto* code = std::get_if<std::string>(&node.value);
    if (code == nullptr) remove.refuse_value("alarms", allowed);
    const auto removed = std::erase_if(profile.alarm_points,
                                       [&](const AlarmPoint& point) { return short_code(point) == *code; });
    if (removed == 0)
      refuse({remove.position().file, node.line},
             fmt::format("remove: the profile that is extended has no alarm {}: must have it",
                         in_quotes(*code)));
  }
}

void arrange_alarms(Profile& profile, const TableReader& table, const AlarmLines& lines) {
  std::ranges::sort(profile.alarm_points, {}, [](const AlarmPoint& point) {
    return std::tuple{point.word, point.mask, point.value, std::string_view{point.code}};
  });
  check_points_differ(profile, table, lines);
  profile.alarm_words.clear();
  for (std::uint32_t index = 0; index < profile.alarm_points.size(); ++index) {
    const AlarmPoint& point = profile.alarm_points[index];
    if (profile.alarm_words.empty() || profile.alarm_words.back().place != point.word)
      profile.alarm_words.push_back(
          {point.word, block_of_word(profile, point, position_of(lines, table, point, point)), index, index});
    profile.alarm_words.back().end_point = index + 1;
  }
  add_words_without_alarms(profile);
}

}  // namespace gensetd::profile
