#pragma once

#include "profile/profile_rules.hpp"
#include "profile/table_reader.hpp"

namespace gensetd::profile {

// The keys of format 2 that state what a field or a code means. Each throws ProfileError.
void read_role(Field& field, const TableReader& table);
std::optional<Meaning> read_meaning(const TableReader& code);

// Whether kind and unit of the field are those of the role.
bool fits(const Field& field, Role role);

// Checks roles and the meanings of their codes, and marks the fields of the overview. `profile` has the
// device type and the code tables. Throws ProfileError; a part that is inherited has the line of `extends`.
void settle_roles(ProfileDraft& draft, const Profile& profile);

}  // namespace gensetd::profile
