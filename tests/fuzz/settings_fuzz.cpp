#include "app/settings.hpp"
#include "check.hpp"
#include "registry/database_url.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <variant>

using namespace gensetd::app;

namespace {

std::filesystem::path scratch_file() {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("gensetd-fuzz-" + std::to_string(::getpid()) + ".toml");
  static const int registered = std::atexit([] { std::filesystem::remove(file); });
  check(registered == 0);
  return file;
}

// A database's address is taken or refused on one line; what is taken is said without its password.
void try_database_url(const std::string& text) {
  using namespace gensetd::registry;
  try {
    const DatabaseAddress address = parse_database_url(text);
    if (const auto* server = std::get_if<PostgresAddress>(&address)) {
      check(!server->host.empty() && !server->user.empty() && !server->database.empty() && server->port > 0);
    }
    check(print_database(address).find('\n') == std::string::npos);
  } catch (const std::runtime_error& error) {
    check(std::string{error.what()}.find('\n') == std::string::npos);
  }
}

}  // namespace

// A settings file is taken or refused on one line; so is each value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  try_database_url(text);
  for (const SettingInfo& info : all_settings()) {
    try {
      settings_from({{std::string{info.name}, {text, "the environment"}}});
    } catch (const SettingsError&) {
    }
  }
  std::ofstream(scratch_file(), std::ios::binary) << text;
  try {
    GivenValues given;
    read_settings_file(scratch_file(), given);
    settings_from(given);
  } catch (const SettingsError&) {
  }
  return 0;
}
