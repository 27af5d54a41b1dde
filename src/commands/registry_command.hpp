#pragma once

#include <filesystem>
#include <ostream>
#include <string>

namespace gensetd::commands {

struct RegistryOptions {
  bool import = false;  // else export
  std::string file;
  std::string settings_file;       // --config, or empty
  std::string profiles_directory;  // --profiles, or empty
};

// `gensetd registry export|import`: moves sites and devices between databases. Exit status: 0; 2 with one
// line on `errors`.
int registry_command(const RegistryOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace gensetd::commands
