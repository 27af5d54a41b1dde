#include "app/settings.hpp"
#include "check.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

using namespace gensetd::app;

namespace {

std::filesystem::path scratch_file() {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("gensetd-fuzz-" + std::to_string(::getpid()) + ".toml");
  static const int registered = std::atexit([] { std::filesystem::remove(file); });
  check(registered == 0);
  return file;
}

}  // namespace

// A settings file is taken or refused on one line; so is each value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
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
