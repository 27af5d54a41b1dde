#include "check.hpp"
#include "daemon/settings_table.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace gensetd::daemon;

namespace {

constexpr std::size_t value_length_max = 64;

std::filesystem::path scratch_file() {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("gensetd-fuzz-" + std::to_string(::getpid()) + ".toml");
  static const int registered = std::atexit([] { std::filesystem::remove(file); });
  check(registered == 0);
  return file;
}

void check_limits(const Settings& settings) {
  const gensetd::server::ServerLimits& limits = settings.http_limits;
  check(limits.websockets < limits.connections && limits.websocket_message_bytes <= 1'048'576);
  check(settings.poll_threads >= 1 && settings.metrics_ttl.count() >= 0 && !settings.http_address.empty());
  check(settings.read_token.empty() || settings.read_token != settings.api_token);
}

// Accepted within the limits, or refused with one line that names the setting and does not contain a secret.
void try_settings(const SettingInputs& inputs, std::string_view secret) {
  try {
    check_limits(parse_settings(inputs));
  } catch (const SettingsError& error) {
    const std::string_view line = error.what();
    check(!line.empty() && (secret.empty() || line.find(secret) == std::string_view::npos));
  }
}

// As try_settings. The parser may quote text that it cannot read, but not the secret.
void try_file(const std::string& text, std::string_view secret) {
  std::ofstream(scratch_file(), std::ios::binary) << text;
  SettingInputs inputs;
  try {
    read_settings_file(scratch_file(), inputs);
  } catch (const SettingsError& error) {
    const std::string_view line = error.what();
    return check(line.starts_with(scratch_file().string()) && line.find('\n') == std::string_view::npos &&
                 (secret.empty() || line.find(secret) == std::string_view::npos));
  }
  try_settings(inputs, secret);
}

}  // namespace

// The text is a settings file, and the value of each setting.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::string_view secret = "xyzzy-4711";
  static constexpr std::string_view number = "47114711471147114711";
  const std::string text{reinterpret_cast<const char*>(data), size};
  for (const Setting& setting : all_settings()) {
    if (size > value_length_max) break;  // longer inputs are only useful as a file
    const std::string name{setting.name};
    try_settings({{name, {text, "the environment"}}}, "");
    // Only the token contains the text, so that a message about another setting cannot contain the secret.
    if (name.ends_with("_TOKEN"))
      try_settings({{name, {std::string{secret} + text, "the environment"}}}, secret);
  }
  try_file(text, "");
  if (text.find(number) == std::string::npos) try_file("api_token = " + std::string{number} + text, number);
  return 0;
}
