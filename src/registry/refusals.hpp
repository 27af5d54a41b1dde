#pragma once

#include "registry/database.hpp"
#include "registry/types.hpp"

namespace gensetd::registry {

// What the database does not take, as a request's answer. Edits check what they know of themselves, so a
// Violation is of a rule that an administrator added.
Refusal refused_by_database(const Violation& violation);
Refusal refused_without_room(const NoRoom& full);

}  // namespace gensetd::registry
