#pragma once

#include "registry/database.hpp"
#include "registry/types.hpp"

#include <string_view>

namespace gensetd::registry {

// What the database does not take, as a request's answer. Edits check what they know of themselves, so a
// Violation is of a rule that an administrator added.
Refusal refused_by_database(const Violation& violation);
Refusal refused_without_room(const NoRoom& full);

// Of such a refusal, what is wrong without what to do about this request: "the disk of /var/r.sqlite is
// full".
std::string_view cause_of(const Refusal& without_room);

}  // namespace gensetd::registry
