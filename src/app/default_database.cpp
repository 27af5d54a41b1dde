#include "app/default_database.hpp"

#include "app/settings.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <sys/stat.h>
#include <system_error>

namespace gensetd::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = "gensetd.sqlite";

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string{} : std::string{text};
}

// Empty when the environment names none. XDG: a relative path is to be ignored.
fs::path state_directory_of(const StateEnvironment& environment) {
  const fs::path of_service = environment.state_directory.substr(0, environment.state_directory.find(':'));
  if (of_service.is_absolute()) return of_service;
  const fs::path state_home = environment.xdg_state_home;
  if (state_home.is_absolute()) return state_home / "gensetd";
  const fs::path home = environment.home;
  return home.is_absolute() ? home / ".local" / "state" / "gensetd" : fs::path{};
}

// Whether something is there: what cannot be looked at is not replaced by an empty registry either.
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

void make_state_directory(const fs::path& file) {
  fs::path directory;
  for (const fs::path& part : file.parent_path()) {
    directory /= part;
    if (::mkdir(directory.c_str(), S_IRWXU) == 0 || errno == EEXIST) continue;
    std::error_code failed;
    const std::error_code why{errno, std::generic_category()};
    if (fs::is_directory(directory, failed)) continue;  // such as / on a read-only disk
    throw SettingsError{
        fmt::format("DATABASE_URL: it is not set, and the directory {} of the default cannot be made ({}); "
                    "set DATABASE_URL, or make it",
                    directory.string(), why.message())};
  }
}

std::string complete_database_url(Settings& settings, IfMissing if_missing) {
  if (!settings.database_url.empty()) return {};
  std::error_code failed;
  const DefaultDatabase database = default_database(state_environment(), fs::current_path(failed));
  if (if_missing == IfMissing::make_directory) make_state_directory(database.file);
  settings.database_url = "sqlite:///" + database.file.string();
  if (database.is_of_earlier_release) {
    return fmt::format(
        "registry: {} in the working directory is used, which an earlier release left there; to have it in "
        "the state "
        "directory, stop gensetd and move it, or set DATABASE_URL",
        database.file.string());
  }
  if (database.unused.empty()) return {};
  return fmt::format("registry: {} in the working directory is not used; {} is", database.unused.string(),
                     database.file.string());
}

}  // namespace gensetd::app
