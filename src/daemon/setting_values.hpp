#pragma once

#include "daemon/settings.hpp"
#include "registry/ranges.hpp"
#include "text/number.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Parsing and printing of the values of settings. Each `parse_` function returns false and leaves its
// destination unchanged when the text is not allowed. `allowed_` functions describe what is allowed; the text
// continues "give ".
namespace gensetd::daemon {

struct Setting;

std::string allowed_seconds(const Setting& setting);
std::string allowed_whole(const Setting& setting);
std::string allowed_flag(const Setting& setting);
std::string allowed_text(const Setting& setting);
std::string allowed_token(const Setting& setting);
std::string allowed_listen(const Setting& setting);
std::string allowed_origins(const Setting& setting);
std::string allowed_redis_prefix(const Setting& setting);
std::string allowed_web_directory(const Setting& setting);

bool parse_seconds(std::string_view text, registry::Range range, std::chrono::milliseconds& into);
std::string show_seconds(std::chrono::milliseconds value);

bool parse_flag(std::string_view text, bool& into);
bool parse_token(std::string_view text, std::string& into);
bool parse_listen(std::string_view text, Settings& into);
std::string show_listen(const Settings& settings);
bool parse_origins(std::string_view text, std::vector<std::string>& into);
std::string show_origins(const Settings& settings);
bool parse_redis_prefix(std::string_view text, std::string& into);
bool parse_web_directory(std::string_view text, std::filesystem::path& into);

// A whole number in multiples of `unit` of the member's unit (bytes, seconds, days).
template <class Member>
bool parse_whole(std::string_view text, registry::Range range, std::int64_t unit, Member& into) {
  const auto value =
      text::parse_number(text, static_cast<std::int64_t>(range.least), static_cast<std::int64_t>(range.most));
  if (!value) return false;
  into = Member(*value * unit);
  return true;
}

template <class Member>
std::string show_whole(const Member& value, std::int64_t unit) {
  if constexpr (std::is_arithmetic_v<Member>)
    return std::to_string(static_cast<std::int64_t>(value) / unit);
  else
    return std::to_string(value.count() / unit);
}

template <class Enum>
struct WordsOf;
template <>
struct WordsOf<LogLevel> {
  static constexpr std::string_view kind = "LEVEL";
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 4> words{{{"debug", LogLevel::debug},
                                                                               {"info", LogLevel::info},
                                                                               {"warning", LogLevel::warning},
                                                                               {"error", LogLevel::error}}};
};
template <>
struct WordsOf<LogFormat> {
  static constexpr std::string_view kind = "FORMAT";
  static constexpr std::array<std::pair<std::string_view, LogFormat>, 2> words{
      {{"text", LogFormat::text}, {"json", LogFormat::json}}};
};

template <class Words>
std::string allowed_words() {
  std::string allowed;
  for (const auto& [word, value] : Words::words)
    allowed += fmt::format("{}{}", allowed.empty() ? "" : " or ", word);
  return allowed;
}

template <class Words, class Enum>
bool parse_word(std::string_view text, Enum& into) {
  for (const auto& [word, value] : Words::words) {
    if (word != text) continue;
    into = value;
    return true;
  }
  return false;
}

template <class Words, class Enum>
std::string show_word(Enum value) {
  for (const auto& [word, known] : Words::words)
    if (known == value) return std::string{word};
  return {};
}

}  // namespace gensetd::daemon
