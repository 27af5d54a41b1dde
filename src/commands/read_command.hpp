#pragma once

#include "commands/read_options.hpp"

#include <ostream>

namespace gensetd::commands {

// `gensetd read`: reads one controller, directly or through a running daemon, and prints its values. Exit
// status: 0; 1 when the controller could not be read, with one line on `errors` that says at which step; 2
// for invalid options.
int read_command(const ReadOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace gensetd::commands
