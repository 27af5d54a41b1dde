#pragma once

#include "profile/profile.hpp"
#include "profile/table_reader.hpp"

#include <map>
#include <string>
#include <string_view>

namespace gensetd::profile {

// The lines that define alarms, by code. An alarm that is inherited has none.
using AlarmLines = std::multimap<std::string, unsigned>;

// "group.code", or "group.code.class" of a point with values.
std::string_view short_code(const AlarmPoint& point);
std::string_view code_in_group(const AlarmPoint& point);

// Removes points by their codes "group.code". Throws ProfileError for one that does not exist.
void remove_alarms(Profile& profile, const TableReader& remove);

// Sorts the points and assigns their words to the blocks, which must be final. Throws ProfileError if a point
// is in no block, or if two points are the same. `table` is the file's top level.
void arrange_alarms(Profile& profile, const TableReader& table, const AlarmLines& lines);

}  // namespace gensetd::profile
