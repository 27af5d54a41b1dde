#pragma once

#include <filesystem>
#include <string>

namespace gensetd::app {

struct Settings;

// What of the environment says where a program keeps its state.
struct StateEnvironment {
  std::string state_directory;  // STATE_DIRECTORY: of systemd, several are separated by colons
  std::string xdg_state_home;   // XDG_STATE_HOME
  std::string home;             // HOME
};

StateEnvironment state_environment();

// The registry's file when DATABASE_URL is not set.
struct DefaultDatabase {
  std::filesystem::path file;          // absolute
  bool is_of_earlier_release = false;  // left in the working directory; it stays in use
  std::filesystem::path unused;        // such a file beside one in the state directory, or empty

  bool operator==(const DefaultDatabase&) const = default;
};

// Looks at files, and changes nothing. Throws SettingsError when the environment names no state directory.
DefaultDatabase default_database(const StateEnvironment& environment,
                                 const std::filesystem::path& working_directory);

// Makes missing directories above `file`, for this user alone. Throws SettingsError.
void make_state_directory(const std::filesystem::path& file);

// Puts the default into settings without a DATABASE_URL; answers what an administrator should know about it,
// or nothing. Throws SettingsError.
enum class IfMissing : bool { leave, make_directory };
std::string complete_database_url(Settings& settings, IfMissing if_missing);

}  // namespace gensetd::app
