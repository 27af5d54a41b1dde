#include "profile/roles.hpp"

#include <algorithm>

namespace gensetd::profile {

std::span<const std::pair<std::string_view, Meaning>> meanings_of(Role role) {
  const std::span words{meaning_words};
  switch (row_of(role).meanings) {
    case Meanings::none:
      break;
    case Meanings::engine:
      return words.subspan(0, 5);
    case Meanings::breaker:
      return words.subspan(5, 4);
    case Meanings::mains:
      return words.subspan(9, 4);
    case Meanings::mode:
      return words.subspan(13, 4);
  }
  return {};
}

std::string_view to_word(RoleKind kind) {
  return std::ranges::find(role_kind_words, kind, &std::pair<std::string_view, RoleKind>::second)->first;
}

std::string_view to_word(Meaning meaning) {
  return std::ranges::find(meaning_words, meaning, &std::pair<std::string_view, Meaning>::second)->first;
}

std::optional<std::size_t> index_of(const Profile& profile, Role role) {
  const auto found = std::ranges::find(profile.fields, std::optional{role}, &Field::role);
  if (found == profile.fields.end()) return std::nullopt;
  return static_cast<std::size_t>(found - profile.fields.begin());
}

const Code* find_code(const Profile& profile, const Field& field, std::int64_t value) {
  if (field.codes.empty()) return nullptr;
  const auto table = std::ranges::find(profile.code_tables, field.codes, &CodeTable::name);
  if (table == profile.code_tables.end()) return nullptr;
  const auto code = std::ranges::find(table->codes, value, &Code::value);
  return code == table->codes.end() ? nullptr : &*code;
}

std::optional<Meaning> meaning_of(const Profile& profile, const Field& field, const Value& value) {
  const Code* code = value ? find_code(profile, field, *value) : nullptr;
  return code == nullptr ? std::nullopt : code->means;
}

}  // namespace gensetd::profile
