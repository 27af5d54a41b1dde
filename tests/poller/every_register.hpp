#pragma once

#include "profile/catalog.hpp"
#include "register_codes.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

namespace gensetd::poller {

// A built-in map with each register of its blocks as a field, named by its address, so that a test knows each
// value's register. Its optional blocks, alarm words and conditions are those of the built-in map. A
// condition's own bit would follow the clock (RegisterCodes), so it is met while the alarm bit of its
// register is set; these fields, of Type::bit, are the last ones.
inline std::shared_ptr<profile::Profile> every_register_of(const std::string& name) {
  auto profile = std::make_shared<profile::Profile>(*profile::Catalog::built_in().find(name));
  std::vector<profile::Field> conditions;
  for (profile::Condition& condition : profile->conditions) {
    profile::Field field = profile->fields[condition.field];
    field = {.name = "condition " + condition.text,
             .address = field.address,
             .type = profile::Type::bit,
             .bit = RegisterCodes::alarm_bit,
             .block = field.block};
    conditions.push_back(std::move(field));
    condition.value = 1;
  }
  profile->fields.clear();
  for (std::uint16_t block = 0; block < profile->blocks.size(); ++block) {
    for (std::uint16_t index = 0; index < profile->blocks[block].count; ++index) {
      const auto address = static_cast<std::uint16_t>(profile->blocks[block].address + index);
      profile->fields.push_back({.name = "r" + std::to_string(address), .address = address, .block = block});
    }
  }
  for (std::size_t index = 0; index < conditions.size(); ++index) {
    profile->conditions[index].field = static_cast<std::uint16_t>(profile->fields.size());
    profile->fields.push_back(std::move(conditions[index]));
  }
  return profile;
}

inline bool is_condition(const profile::Field& field) { return field.type == profile::Type::bit; }

// For tests whose seeds repeat the events of a defect: with further requests the events would be others.
inline void remove_optional_blocks(profile::Profile& profile) {
  const auto base =
      std::ranges::count_if(profile.blocks, [](const auto& block) { return block.is_always_read(); });
  profile.blocks.resize(static_cast<std::size_t>(base));
  std::erase_if(profile.fields,
                [&](const auto& field) { return field.block >= base || is_condition(field); });
  profile.conditions.clear();
  profile.alarm_words.clear();
  profile.alarm_points.clear();
}

// Makes the registers of the conditions have an alarm bit that comes and goes.
inline void add_alarm_bits(RegisterCodes& codes, std::uint8_t unit_id, const profile::Profile& profile) {
  for (const profile::Field& field : profile.fields) {
    if (is_condition(field)) codes.add_alarm_bit(unit_id, field.address);
  }
}

}  // namespace gensetd::poller
