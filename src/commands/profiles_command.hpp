#pragma once

#include <ostream>
#include <string>

namespace gensetd::commands {

struct ProfilesOptions {
  std::string name_or_file;  // empty: all
  std::string directory;     // --profiles, or empty
  bool check = false;
};

// `gensetd profiles`: lists the register maps, prints one, or checks a file. Exit status: 0; 2 with one line
// on `errors`.
int profiles_command(const ProfilesOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace gensetd::commands
