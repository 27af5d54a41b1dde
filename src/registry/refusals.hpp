#pragma once

#include "registry/database.hpp"
#include "registry/types.hpp"

#include <string_view>

namespace gensetd::registry {

// The response to a request that the database refused. Edits check all rules of gensetd first, so a Violation
// means a rule that an administrator added.
Refusal refused_by_database(const Violation& violation);
Refusal refused_disk_full(const DiskFull& full);

// The cause in the message of a refused_disk_full(), without the advice: "the disk of /var/r.sqlite is full".
std::string_view cause_of(const Refusal& disk_full);

}  // namespace gensetd::registry
