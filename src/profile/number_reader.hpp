#pragma once

#include "profile/number_keys.hpp"
#include "profile/table_reader.hpp"

namespace gensetd::profile {

// The keys of format 2 that say how numbers are stored. Both throw ProfileError, and leave what the table
// does not contain as it is.
void read_defaults(NumberDefaults& defaults, const TableReader& profile);
void read_number_keys(NumberKeys& keys, const TableReader& field);

}  // namespace gensetd::profile
