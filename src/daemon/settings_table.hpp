#pragma once

#include "daemon/settings.hpp"
#include "registry/ranges.hpp"

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gensetd::daemon {

// In the order of `--help` and docs/settings.md.
enum class SettingGroup : std::uint8_t { polling, redis, database, http, access, limits, history, logging };
std::string_view title_of(SettingGroup group);

// One row of the table of settings. The options, --help, the settings file and docs/settings.md follow from
// it. The default is that of the member of Settings.
struct Setting {
  std::string_view name;  // of the environment variable
  SettingGroup group = SettingGroup::polling;
  std::string_view value;    // kind of the value in --help: SECONDS, URL, FILE
  std::string_view meaning;  // a phrase for --help
  std::string_view details;  // full sentences for docs/settings.md; may be empty
  registry::Range range;     // of numbers only
  // Describes the allowed values; the text continues "give ".
  std::string (*allowed)(const Setting&) = nullptr;
  // Parses the text into the settings. False: the text is not allowed.
  bool (*set)(const Setting&, Settings&, std::string_view) = nullptr;
  // The value as text; empty when it is not set.
  std::string (*show)(const Settings&) = nullptr;
  std::string_view shown_default{};  // when the default depends on the machine
  bool is_secret = false;            // its value never appears in errors and log lines
};

std::span<const Setting> all_settings();
const Setting* find_setting(std::string_view name);

// The default as text, for `--help` and the documents; empty when there is none.
std::string default_of(const Setting& setting);

std::string option_of(std::string_view name);  // --poll-interval
std::string key_of(std::string_view name);     // poll_interval

}  // namespace gensetd::daemon
