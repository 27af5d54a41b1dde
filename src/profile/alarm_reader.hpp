#pragma once

#include "profile/alarm_rules.hpp"
#include "profile/profile.hpp"
#include "profile/table_reader.hpp"

namespace gensetd::profile {

// Reads `alarm_layouts`, `alarm_groups` and `alarms`, and adds their points to those of the profile that is
// extended. Throws ProfileError.
AlarmLines read_alarms(Profile& profile, const TableReader& table);

}  // namespace gensetd::profile
