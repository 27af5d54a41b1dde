#pragma once

#include "app/settings.hpp"

#include <string>

namespace gensetd::app {

struct ServeOptions {
  std::string settings_file;  // --config, or empty
  GivenValues options;        // those of the command line
};

// `gensetd serve`: the daemon. Runs until SIGINT or SIGTERM; a second one ends it at once. Exit status: 0; 2
// when it could not start, with one line on standard error.
int serve_command(const ServeOptions& options);

}  // namespace gensetd::app
