#pragma once

#include <fmt/format.h>
#include <spdlog/common.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::log {

// One log event: a sentence for people, and a name and fields for log collectors. Names and fields do not
// change between versions; docs/operations.md lists them, and a test compares the list with the code.
//
//   log::warning("device_offline").field("device_id", id).field("error", error).say("{}: offline", label);
//
// Costs nothing when its level is disabled. Any thread.
class LogEvent {
 public:
  LogEvent(spdlog::level::level_enum level, std::string_view name);

  LogEvent& field(std::string_view name, std::string_view value);
  LogEvent& field(std::string_view name, const char* value) { return field(name, std::string_view{value}); }
  LogEvent& field(std::string_view name, const std::string& value) {
    return field(name, std::string_view{value});
  }
  LogEvent& field(std::string_view name, std::integral auto value) {
    return number(name, static_cast<std::int64_t>(value));
  }

  // Whether the event will be written. Check it first if the arguments of say() are expensive to make.
  explicit operator bool() const { return is_enabled_; }

  // Writes the event. The text may contain any bytes, also from a peer: the formatter keeps it on one line.
  template <class... Arguments>
  void say(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (is_enabled_) write(fmt::format(text, std::forward<Arguments>(arguments)...));
  }

  // The line that say() passes to the logger, for code that must not call the logger. Empty when the level is
  // disabled.
  template <class... Arguments>
  std::string line_to_say(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    return is_enabled_ ? with_fields(fmt::format(text, std::forward<Arguments>(arguments)...))
                       : std::string{};
  }

 private:
  LogEvent& number(std::string_view name, std::int64_t value);
  std::string with_fields(std::string text) const;
  void write(std::string text);

  spdlog::level::level_enum level_;
  bool is_enabled_;
  std::string fields_;  // "event":"device_offline","device_id":3
};

inline LogEvent debug(std::string_view name) { return {spdlog::level::debug, name}; }
inline LogEvent info(std::string_view name) { return {spdlog::level::info, name}; }
inline LogEvent warning(std::string_view name) { return {spdlog::level::warn, name}; }
inline LogEvent error(std::string_view name) { return {spdlog::level::err, name}; }

// A line that was passed to the logger, split into text and fields.
struct LogLine {
  std::string_view text;
  std::string_view fields;  // members of a JSON object; empty: not written by a LogEvent
};
LogLine split_line(std::string_view line);

}  // namespace gensetd::log
