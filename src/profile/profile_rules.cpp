#include "profile/profile_rules.hpp"

#include "profile/block_rules.hpp"
#include "profile/number_rules.hpp"
#include "profile/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace gensetd::profile {
namespace {

// The keys of every reading (PRODUCT.md, Reading). A field must not have such a name.
constexpr std::array<std::string_view, 9> keys_of_a_reading{
    "device_id", "site_code", "device_type", "timestamp", "online", "error", "last_seen", "seq", "epoch"};

std::uint16_t block_of(const ProfileDraft& draft, const ProfileDraft::Line<Field>& field) {
  const int first = field.part.address;
  const int end = first + static_cast<int>(register_count(field.part));
  for (std::size_t index = 0; index < draft.blocks.size(); ++index) {
    const Block& block = draft.blocks[index].part;
    if (block.table == field.part.table && first >= block.address && end <= block.end())
      return static_cast<std::uint16_t>(index);
  }
  refuse(
      draft.position(field.line),
      fmt::format("field {} has {} at {}{}..{}, which is not inside one block: must be inside",
                  field.part.name, to_word(field.part.type), table_prefix(field.part.table), first, end - 1));
}

// Two fields with the same value are a mistake. Different types and masks at one register are allowed: a code
// and its bits.
void check_values_differ(const ProfileDraft& draft) {
  std::map<std::tuple<modbus::TableAddress, Type, std::uint8_t, std::uint64_t>,
           const ProfileDraft::Line<Field>*>
      seen;
  for (const auto& field : draft.fields) {
    const auto [other, is_new] = seen.try_emplace(
        {{field.part.table, field.part.address}, field.part.type, field.part.bit, field.part.keys.mask},
        &field);
    if (is_new) continue;
    refuse(draft.later(*other->second, field),
           fmt::format("fields {} and {} are the same value, {} at {}{}: one of them must differ",
                       other->second->part.name, field.part.name, to_word(field.part.type),
                       table_prefix(field.part.table), field.part.address));
  }
}

}  // namespace

void check_field_name(const Field& field, const FilePosition& position) {
  if (std::find(keys_of_a_reading.begin(), keys_of_a_reading.end(), field.name) != keys_of_a_reading.end())
    refuse(position,
           fmt::format("a field is named {}, a key of every reading: must be another name", field.name));
}

void check_field(const Field& field, const FilePosition& position) {
  check_field_name(field, position);
  if (field.no_data != NoData::none && field.no_data != default_no_data(field.type)) {
    const NoData fitting = default_no_data(field.type);
    refuse(position,
           fmt::format("field {}: no_data = \"{}\" does not fit {}: must be {}", field.name,
                       to_word(field.no_data), to_word(field.type),
                       fitting == NoData::none ? "none" : fmt::format("none or {}", to_word(fitting))));
  }
  check_limits(field, position);
}

void finish_draft(ProfileDraft& draft, Profile& profile) {
  arrange_blocks(draft, profile);
  for (auto& field : draft.fields) field.part.block = block_of(draft, field);
  check_values_differ(draft);
  check_conditions(draft, profile);
  check_texts(draft);
}

}  // namespace gensetd::profile
