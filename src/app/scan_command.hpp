#pragma once

#include "app/scan_options.hpp"

#include <ostream>

namespace gensetd::app {

// `gensetd scan`: which unit ids answer at an address, in which protocol, and which register map fits. Only
// reads. `progress`: say on `errors` where it is, in one line that is written over. Exit status: 0 when a
// controller answered, 1 when none did, with one line on `errors` that says at which step, 2 for bad options.
int scan_command(const ScanOptions& options, std::ostream& out, std::ostream& errors, bool progress);

}  // namespace gensetd::app
