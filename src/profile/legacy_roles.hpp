#pragma once

#include "profile/profile.hpp"

namespace gensetd::profile {

// Files of format 1 state no roles: their fields and codes have those that gensetd knew by name before roles
// existed. A field whose kind or unit does not fit gets none, and goes on as a value. If two fields have
// names of one role, the first has it.
void set_legacy_roles(Profile& profile);

}  // namespace gensetd::profile
