#pragma once

#include "profile/profile.hpp"
#include "profile/table_reader.hpp"

namespace gensetd::profile {

// Reads `identity`, `firmware`, `confirmed` and `seen` of format 2. What the file does not state is
// inherited, but for `seen`: it is of one map. Throws ProfileError.
void read_identity(Profile& profile, const TableReader& table);

}  // namespace gensetd::profile
