#pragma once

#include "app/settings.hpp"
#include "registry/ranges.hpp"

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gensetd::app {

// In the order of `--help` and docs/settings.md.
enum class SettingGroup : std::uint8_t { polling, redis, database, http, access, limits, history, logging };
std::string_view title_of(SettingGroup group);

// One row of the table of settings: all that the program and its documents know of a setting. Its default is
// the one of its member of Settings.
struct Setting {
  std::string_view name;  // of the environment variable
  SettingGroup group = SettingGroup::polling;
  std::string_view value;    // what --help prints for the value: SECONDS, URL, FILE
  std::string_view meaning;  // a phrase for --help
  std::string_view details;  // whole sentences for docs/settings.md; may be empty
  registry::Range range;     // of numbers only
  // What is allowed, in words that continue "give ".
  std::string (*allowed)(const Setting&) = nullptr;
  // Takes the text into the settings. False: it is not allowed.
  bool (*set)(const Setting&, Settings&, std::string_view) = nullptr;
  // The value as a user would give it; empty where nothing is set.
  std::string (*show)(const Settings&) = nullptr;
  std::string_view shown_default{};  // where the default depends on the machine
  bool is_secret = false;            // its value never is in an error or a log line
};

std::span<const Setting> all_settings();
const Setting* find_setting(std::string_view name);

// The default as `--help` and the documents print it; empty where nothing is set.
std::string default_of(const Setting& setting);

std::string option_of(std::string_view name);  // --poll-interval
std::string key_of(std::string_view name);     // poll_interval

}  // namespace gensetd::app
