#include "daemon/settings.hpp"
#include "daemon/settings_table.hpp"
#include "profile/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace gensetd::daemon {
namespace {

std::string place(const std::filesystem::path& file, const toml::source_region& source) {
  return fmt::format("{}:{}", file.string(), source.begin.line);
}

// The value as text, as in the environment.
std::string text_of(const toml::node& node, const std::string& key, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "1" : "0";
  const auto* list = node.as_array();
  if (list != nullptr && (list->empty() || list->is_homogeneous(toml::node_type::string))) {
    std::string joined;
    for (const toml::node& entry : *list) joined += (joined.empty() ? "" : ",") + entry.as_string()->get();
    return joined;
  }
  throw SettingsError{fmt::format(
      "{}: {} has a value of the wrong type; give a string, a number, true or false", where, key)};
}

// The parser's error repeats an invalid number, which may be a token without quotation marks.
std::string why_refused_without_value(const toml::parse_error& error) {
  static constexpr std::string_view before_value = ": '";
  std::string why = why_refused(error);
  const std::size_t begin = why.find(before_value);
  if (begin == std::string::npos) return why;
  const std::size_t end = why.find('\'', begin + before_value.size());
  return why.substr(0, begin) + ": the value" + why.substr(std::min(end, why.size() - 1) + 1) +
         "; write strings in quotation marks";
}

[[noreturn]] void refuse_unreadable(const std::filesystem::path& file, std::string_view why) {
  throw SettingsError{fmt::format("{}: the settings file cannot be read: {}", file.string(), why)};
}

}  // namespace

void read_settings_file(const std::filesystem::path& file, SettingInputs& given) {
  std::error_code unknown;
  // The parser returns an empty table for a directory.
  if (std::filesystem::is_directory(file, unknown)) refuse_unreadable(file, "it is a folder");
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    errno = 0;
    if (!std::ifstream(file).is_open()) refuse_unreadable(file, std::strerror(errno));
    throw SettingsError{fmt::format("{}: {}", place(file, error.source()), why_refused_without_value(error))};
  }
  for (const auto& [key_node, node] : table) {
    const std::string key{key_node.str()};
    const std::string where = place(file, key_node.source());
    const auto known = std::ranges::find_if(
        all_settings(), [&](const Setting& setting) { return key_of(setting.name) == key; });
    if (known == all_settings().end()) {
      std::string names;
      for (const Setting& setting : all_settings())
        names += (names.empty() ? "" : ", ") + key_of(setting.name);
      throw SettingsError{fmt::format("{}: unknown setting '{}'; allowed are {}", where, key, names)};
    }
    given[std::string{known->name}] = {text_of(node, key, where), where};
  }
}

}  // namespace gensetd::daemon
