#include "profile/role_rules.hpp"

#include "profile/roles.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

namespace gensetd::profile {
namespace {

using Line = ProfileDraft::Line<Field>;

// How many characters have to be added, removed or replaced to make one word of the other.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string_view nearest_role(std::string_view word) {
  const std::string_view start = word.substr(0, 64);
  return std::ranges::min_element(roles, {}, [&](const RoleRow& row) { return distance(start, row.name); })
      ->name;
}

RoleKind role_kind_of(const Field& field) {
  if (field.type == Type::bit) return RoleKind::bit;
  return field.codes.empty() ? RoleKind::number : RoleKind::code;
}

void check_kind(const Field& field, const RoleRow& role, const FilePosition& position) {
  if (role_kind_of(field) == role.kind && field.type != Type::bitfield) return;
  constexpr std::array<std::string_view, 3> allowed{
      R"(in a field of type "bit")", "in a field with codes",
      "in a field without codes whose type is neither bit nor bitfield"};
  refuse(position, fmt::format("field {}: role = \"{}\" is a {}: must be {}", field.name, role.name,
                               to_word(role.kind), allowed[static_cast<std::size_t>(role.kind)]));
}

void check_unit(const Field& field, const RoleRow& role, const FilePosition& position) {
  if (field.unit == role.unit) return;
  const std::string stated = field.unit.empty() ? "no unit" : fmt::format("unit = {}", in_quotes(field.unit));
  if (role.unit.empty())
    refuse(position, fmt::format("field {}: {} does not fit role = \"{}\": must be left out", field.name,
                                 stated, role.name));
  refuse(position, fmt::format("field {}: {} does not fit role = \"{}\": must be unit = \"{}\"; scale = "
                               "\"a/b\" converts a value of another unit",
                               field.name, stated, role.name, role.unit));
}

void check_meanings(const Field& field, Role role, const Profile& profile, const FilePosition& position) {
  const auto allowed = meanings_of(role);
  if (allowed.empty()) return;
  const auto table = std::ranges::find(profile.code_tables, field.codes, &CodeTable::name);
  if (table == profile.code_tables.end()) return;
  for (const Code& code : table->codes) {
    const auto is_meaning = [&](const auto& word) { return word.second == code.means; };
    if (!code.means || std::ranges::any_of(allowed, is_meaning)) continue;
    std::vector<std::string_view> words;
    for (const auto& [word, meaning] : allowed) words.push_back(word);
    refuse(position, fmt::format("field {}: code {} of {} means \"{}\", which does not fit role = \"{}\": "
                                 "must be {}",
                                 field.name, code.value, table->name, to_word(*code.means), row_of(role).name,
                                 fmt::join(words, " or ")));
  }
}

// One of two conflicting fields is in the file that is read.
void check_roles_differ(const std::vector<Line>& fields, const ProfileDraft& draft) {
  for (auto field = fields.begin(); field != fields.end(); ++field) {
    if (!field->part.role) continue;
    const auto other = std::find_if(fields.begin(), field,
                                    [&](const Line& line) { return line.part.role == field->part.role; });
    if (other == field) continue;
    refuse(draft.position(std::max(other->line, field->line)),
           fmt::format("fields {} and {} have role = \"{}\": one field must have it; role = \"none\" takes "
                       "an inherited one away",
                       other->part.name, field->part.name, row_of(*field->part.role).name));
  }
}

bool is_in_overview(const Field& field, DeviceType device_type) {
  if (!field.role) return false;
  const Overview overview = row_of(*field.role).overview;
  return overview == Overview::always ||
         (overview == Overview::of_generators && device_type == DeviceType::generator);
}

// States and alarms decide in each cycle.
void check_is_always_read(const Field& field, const RoleRow& role, const ProfileDraft& draft,
                          const FilePosition& position) {
  const Block& block = draft.blocks[field.block].part;
  const bool is_state = role.kind != RoleKind::number || role.name.starts_with("alarm.");
  if (!is_state || block.is_always_read()) return;
  refuse(position,
         fmt::format("field {} with role = \"{}\" is in block {}, which is not read in each cycle: must be "
                     "in a block without every and when",
                     field.name, role.name, block.name));
}

}  // namespace

void read_role(Field& field, const TableReader& table) {
  if (!table.has("role")) return;
  const TomlNode& node = table.value("role", "the name of a role, in quotes");
  const auto* word = std::get_if<std::string>(&node.value);
  if (word == nullptr) table.refuse_value("role", "the name of a role, in quotes");
  field.role = find_role(*word);
  if (field.role || *word == "none") return;
  table.refuse_value("role",
                     fmt::format("one of the roles in docs/controllers.md, of which {} is the nearest",
                                 nearest_role(*word)));
}

std::optional<Meaning> read_meaning(const TableReader& code) {
  if (!code.has("means")) return std::nullopt;
  return code.word("means", meaning_words);
}

bool fits(const Field& field, Role role) {
  const RoleRow& row = row_of(role);
  return role_kind_of(field) == row.kind && field.type != Type::bitfield && field.unit == row.unit;
}

void settle_roles(ProfileDraft& draft, const Profile& profile) {
  for (Line& line : draft.fields) {
    Field& field = line.part;
    const FilePosition position = draft.position(line.line);
    if (field.role) {
      check_kind(field, row_of(*field.role), position);
      check_unit(field, row_of(*field.role), position);
      check_meanings(field, *field.role, profile, position);
      check_is_always_read(field, row_of(*field.role), draft, position);
    }
    field.is_in_overview = is_in_overview(field, profile.device_type);
  }
  check_roles_differ(draft.fields, draft);
}

}  // namespace gensetd::profile
