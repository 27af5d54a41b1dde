#pragma once

#include "commands/scan_options.hpp"

#include <ostream>

namespace gensetd::commands {

// `gensetd scan`: finds which unit ids respond at an address, in which protocol, and which register map fits.
// It only reads. `progress`: report the progress on `errors`, in one line that is overwritten. Exit status: 0
// when a controller responded; 1 when none did, with one line on `errors` that says at which step; 2 for
// invalid options.
int scan_command(const ScanOptions& options, std::ostream& out, std::ostream& errors, bool progress);

}  // namespace gensetd::commands
