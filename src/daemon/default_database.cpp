#include "daemon/default_database.hpp"

#include "daemon/settings.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <sys/stat.h>
#include <system_error>

namespace gensetd::daemon {
namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = "gensetd.sqlite";

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string{} : std::string{text};
}

// Empty when the environment names no directory. XDG requires relative paths to be ignored.
fs::path state_directory_of(const StateEnvironment& environment) {
  fs::path of_service = environment.state_directory.substr(0, environment.state_directory.find(':'));
  if (of_service.is_absolute()) return of_service;
  const fs::path state_home = environment.xdg_state_home;
  if (state_home.is_absolute()) return state_home / "gensetd";
  const fs::path home = environment.home;
  return home.is_absolute() ? home / ".local" / "state" / "gensetd" : fs::path{};
}

// Whether the path may contain a registry. A file that cannot be inspected counts, so that it is not replaced
// by an empty registry.
bool holds_something(const fs::path& file) {
  std::error_code failed;
  const fs::file_status status = fs::status(file, failed);
  if (status.type() == fs::file_type::not_found) return false;
  if (failed || status.type() != fs::file_type::regular) return true;
  const auto size = fs::file_size(file, failed);
  return failed || size > 0;
}

bool is_same_file(const fs::path& one, const fs::path& other) {
  std::error_code failed;
  return fs::equivalent(one, other, failed) && !failed;
}

}  // namespace

StateEnvironment state_environment() {
  return {.state_directory = variable("STATE_DIRECTORY"),
          .xdg_state_home = variable("XDG_STATE_HOME"),
          .home = variable("HOME")};
}

DefaultDatabase default_database(const StateEnvironment& environment, const fs::path& working_directory) {
  const fs::path directory = state_directory_of(environment);
  const fs::path file = directory.empty() ? fs::path{} : (directory / file_name).lexically_normal();
  const fs::path earlier = (working_directory / file_name).lexically_normal();
  const bool has_earlier = holds_something(earlier) && !is_same_file(earlier, file);
  if (!directory.empty() && holds_something(file))
    return {.file = file, .unused = has_earlier ? earlier : fs::path{}};
  if (has_earlier) return {.file = earlier, .is_of_earlier_release = true};
  if (directory.empty()) {
    throw SettingsError{
        "DATABASE_URL: it is not set, and no state directory for the default is known (STATE_DIRECTORY, "
        "XDG_STATE_HOME and HOME are not set to absolute paths); set DATABASE_URL or one of them"};
  }
  return {.file = file};
}

void create_state_directory(const fs::path& file) {
  fs::path directory;
  for (const fs::path& part : file.parent_path()) {
    directory /= part;
    if (::mkdir(directory.c_str(), S_IRWXU) == 0 || errno == EEXIST) continue;
    std::error_code failed;
    const std::error_code why{errno, std::generic_category()};
    if (fs::is_directory(directory, failed)) continue;  // such as / on a read-only disk
    throw SettingsError{fmt::format(
        "DATABASE_URL: it is not set, and the directory {} of the default cannot be created ({}); "
        "set DATABASE_URL, or create it",
        directory.string(), why.message())};
  }
}

std::string complete_database_url(Settings& settings, MissingDirectory missing) {
  if (!settings.database_url.empty()) return {};
  std::error_code failed;
  const DefaultDatabase database = default_database(state_environment(), fs::current_path(failed));
  if (missing == MissingDirectory::create) create_state_directory(database.file);
  settings.database_url = "sqlite:///" + database.file.string();
  if (database.is_of_earlier_release) {
    return fmt::format(
        "registry: uses {} in the working directory, from an earlier release; to use the state directory, "
        "stop "
        "gensetd and move the file there, or set DATABASE_URL",
        database.file.string());
  }
  if (database.unused.empty()) return {};
  return fmt::format("registry: {} in the working directory is not used; {} is used instead",
                     database.unused.string(), database.file.string());
}

}  // namespace gensetd::daemon
