#pragma once

#include "daemon/settings.hpp"

#include <string>

namespace gensetd::daemon {

struct ServeOptions {
  std::string settings_file;  // --config, or empty
  SettingInputs options;      // of the command line
};

// `gensetd serve`: the daemon. Runs until SIGINT or SIGTERM; a second one ends it at once. Exit status: 0; 2
// when it could not start, with one line on standard error.
int serve_command(const ServeOptions& options);

}  // namespace gensetd::daemon
