#pragma once

#include "app/read_options.hpp"

#include <ostream>

namespace gensetd::app {

// `gensetd read`: reads one controller, by itself or through a running daemon, and prints its values. Exit
// status: 0; 1 when the controller could not be read, with one line on `errors` that says at which step; 2
// for bad options.
int read_command(const ReadOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace gensetd::app
