#pragma once

#include "profile/profile_rules.hpp"
#include "profile/table_reader.hpp"

namespace gensetd::profile {

// Adds the fields of the file to the draft, or changes those of the base profile. Throws ProfileError.
void read_fields(ProfileDraft& draft, const TableReader& table, const Profile& profile, bool derived);

// Format 2: applies the keys of the top level to the fields that do not state them. Throws ProfileError.
void settle_fields(ProfileDraft& draft, const TableReader& table, const NumberDefaults& defaults);

}  // namespace gensetd::profile
