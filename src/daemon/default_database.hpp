#pragma once

#include <filesystem>
#include <string>

namespace gensetd::daemon {

struct Settings;

// The environment variables that determine the state directory.
struct StateEnvironment {
  std::string state_directory;  // STATE_DIRECTORY of systemd: one or more, separated by colons
  std::string xdg_state_home;   // XDG_STATE_HOME
  std::string home;             // HOME
};

StateEnvironment state_environment();

// The file of the registry when DATABASE_URL is not set.
struct DefaultDatabase {
  std::filesystem::path file;          // absolute
  bool is_of_earlier_release = false;  // in the working directory; it stays in use
  std::filesystem::path unused;        // a file of an earlier release that is not used, or empty

  bool operator==(const DefaultDatabase&) const = default;
};

// Inspects files and changes nothing. Throws SettingsError when the environment names no state directory.
DefaultDatabase default_database(const StateEnvironment& environment,
                                 const std::filesystem::path& working_directory);

// Creates missing parent directories of `file`, accessible only to this user. Throws SettingsError.
void create_state_directory(const std::filesystem::path& file);

// Sets the default when the settings have no DATABASE_URL. Returns a notice for the administrator, which may
// be empty. Throws SettingsError.
enum class MissingDirectory : bool { leave, create };
std::string complete_database_url(Settings& settings, MissingDirectory missing);

}  // namespace gensetd::daemon
