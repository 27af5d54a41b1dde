#pragma once

#include "profile/profile.hpp"

#include <optional>
#include <string_view>

namespace gensetd::profile {

// The role of a field of this name before roles existed.
std::optional<Role> legacy_role(std::string_view name);

// What a code meant in a field with this role before codes had meanings: those of SmartGen controllers.
std::optional<Meaning> legacy_meaning(Role role, const Code& code);

// Files of format 1 state no roles: their fields and codes have those that gensetd knew by name before roles
// existed. A field whose kind or unit does not fit gets none, and goes on as a value. If two fields have
// names of one role, the first has it.
void set_legacy_roles(Profile& profile);

// The same for a file of format 1 that extends a profile of format 2: inherited roles stay, unless the file
// has changed kind or unit of the field.
void complete_legacy_roles(Profile& profile);

}  // namespace gensetd::profile
