#include "profile/block_rules.hpp"

#include "profile/named_parts.hpp"
#include "profile/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>

namespace gensetd::profile {
namespace {

void check_overlap(ProfileDraft& draft) {
  std::ranges::sort(draft.blocks, {},
                    [](const auto& block) { return std::pair{block.part.table, block.part.address}; });
  for (std::size_t index = 1; index < draft.blocks.size(); ++index) {
    const auto& before = draft.blocks[index - 1];
    const auto& after = draft.blocks[index];
    if (after.part.table != before.part.table || after.part.address >= before.part.end()) continue;
    refuse(draft.later(before, after),
           fmt::format("blocks {} ({}..{}) and {} ({}..{}) overlap: each {} must be in one block at most",
                       before.part.name, before.part.address, before.part.end() - 1, after.part.name,
                       after.part.address, after.part.end() - 1,
                       modbus::reads_bits(before.part.table) ? "bit" : "register"));
  }
}

// Reads never cover blocks of different schedules, so equal schedules are neighbours.
void sort_by_schedule(ProfileDraft& draft) {
  std::ranges::sort(draft.blocks, {}, [](const auto& block) {
    return std::tuple{!block.part.is_always_read(), block.part.every, block.part.conditions, block.part.table,
                      block.part.address};
  });
}

std::vector<std::string_view> keys_of(const CodeTable& table) {
  std::vector<std::string_view> keys;
  keys.reserve(table.codes.size());
  for (const Code& code : table.codes) keys.push_back(code.key);
  return keys;
}

// "any_alarm", or "state:fault": a field and the key of a code.
Condition condition_of(const ProfileDraft& draft, const Profile& profile, const std::string& text,
                       const FilePosition& position) {
  const std::size_t colon = text.find(':');
  const std::string_view name = std::string_view{text}.substr(0, colon);
  const auto field =
      find_named(draft.fields, name, [](const auto& line) -> const std::string& { return line.part.name; });
  if (field == draft.fields.end())
    refuse(position, fmt::format("when: there is no field {}: must be a bit, or a code such as "
                                 "\"state:fault\"",
                                 in_quotes(name)));
  Condition condition{.text = text, .field = static_cast<std::uint16_t>(field - draft.fields.begin())};
  if (colon == std::string::npos) {
    if (field->part.type != Type::bit)
      refuse(position,
             fmt::format("when: field {} is {}, no bit: must be a bit, or have a code behind a colon", name,
                         to_word(field->part.type)));
    return condition;
  }
  const std::string_view key = std::string_view{text}.substr(colon + 1);
  if (field->part.codes.empty())
    refuse(position, fmt::format("when: field {} has no codes: must be a field with codes", name));
  const auto table = std::ranges::find(profile.code_tables, field->part.codes, &CodeTable::name);
  const auto code = std::ranges::find(table->codes, key, &Code::key);
  if (code == table->codes.end())
    refuse(position, fmt::format("when: code table {} has no code {}: must be one of {}", table->name,
                                 in_quotes(key), fmt::join(keys_of(*table), ", ")));
  condition.value = code->value;
  return condition;
}

// Fields and codes can have changed in a profile that extends another, so all conditions are found again.
void find_conditions(ProfileDraft& draft, Profile& profile) {
  profile.conditions.clear();
  for (auto& block : draft.blocks) {
    const FilePosition position = draft.position(block.line);
    block.part.conditions = 0;
    for (const std::string& text : block.part.when) {
      auto known = std::ranges::find(profile.conditions, text, &Condition::text);
      if (known == profile.conditions.end()) {
        if (profile.conditions.size() == conditions_max)
          refuse(position,
                 fmt::format("when: {} is condition {} of the profile: must be {} different ones at most",
                             in_quotes(text), conditions_max + 1, conditions_max));
        profile.conditions.push_back(condition_of(draft, profile, text, position));
        known = std::prev(profile.conditions.end());
      }
      block.part.conditions |=
          static_cast<std::uint8_t>(1U << static_cast<unsigned>(known - profile.conditions.begin()));
    }
  }
}

void check_something_is_always_read(const ProfileDraft& draft) {
  if (draft.blocks.empty() || draft.blocks.front().part.is_always_read()) return;
  refuse(draft.position(draft.blocks.front().line),
         "each block has every or when: one block at least must be read in each cycle");
}

}  // namespace

void arrange_blocks(ProfileDraft& draft, Profile& profile) {
  check_overlap(draft);
  find_conditions(draft, profile);
  sort_by_schedule(draft);
  check_something_is_always_read(draft);
}

// A text has 64 bytes, and hardly ever changes.
void check_texts(const ProfileDraft& draft) {
  for (const auto& field : draft.fields) {
    if (field.part.type != Type::text) continue;
    const auto& block = draft.blocks[field.part.block];
    if (block.part.every >= text_every_min) continue;
    refuse(draft.position(std::max(block.line, field.line)),
           fmt::format("field {} is text in block {}: the block must have every = {} or more",
                       field.part.name, block.part.name, text_every_min));
  }
}

void check_conditions(const ProfileDraft& draft, const Profile& profile) {
  for (const Condition& condition : profile.conditions) {
    const Field& field = draft.fields[condition.field].part;
    const Block& block = draft.blocks[field.block].part;
    if (block.is_always_read()) continue;
    const auto user = std::ranges::find_if(draft.blocks, [&](const auto& line) {
      return std::ranges::find(line.part.when, condition.text) != line.part.when.end();
    });
    refuse(draft.position(user->line != 0 ? user->line : draft.fields[condition.field].line),
           fmt::format("when: field {} is in block {}, which is not read in each cycle: must be in a block "
                       "without every and when",
                       field.name, block.name));
  }
}

}  // namespace gensetd::profile
