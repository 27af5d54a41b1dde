#pragma once

#include <fmt/format.h>
#include <spdlog/common.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::log {

// Something that happened: a sentence for people, and for collectors a name and fields that stay the same
// from version to version. docs/operations.md lists them, and a test compares.
//
//   log::warning("device_offline").field("device_id", id).field("error", error).say("{}: offline", label);
//
// Costs nothing when its level is not written. Any thread.
class Event {
 public:
  Event(spdlog::level::level_enum level, std::string_view name);

  Event& field(std::string_view name, std::string_view value);
  Event& field(std::string_view name, const char* value) { return field(name, std::string_view{value}); }
  Event& field(std::string_view name, const std::string& value) {
    return field(name, std::string_view{value});
  }
  Event& field(std::string_view name, std::integral auto value) {
    return number(name, static_cast<std::int64_t>(value));
  }

  // Whether it will be written: to spare the making of what say() is given.
  explicit operator bool() const { return wanted_; }

  // Writes it. The text may hold anything, also of a peer: the formatter keeps a line one line.
  template <class... Arguments>
  void say(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (wanted_) write(fmt::format(text, std::forward<Arguments>(arguments)...));
  }

  // What say() gives to the logger, for one that must not call it. Empty when the level is not written.
  template <class... Arguments>
  std::string line_to_say(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    return wanted_ ? with_fields(fmt::format(text, std::forward<Arguments>(arguments)...)) : std::string{};
  }

 private:
  Event& number(std::string_view name, std::int64_t value);
  std::string with_fields(std::string text) const;
  void write(std::string text);

  spdlog::level::level_enum level_;
  bool wanted_;
  std::string fields_;  // "event":"device_offline","device_id":3
};

inline Event debug(std::string_view name) { return {spdlog::level::debug, name}; }
inline Event info(std::string_view name) { return {spdlog::level::info, name}; }
inline Event warning(std::string_view name) { return {spdlog::level::warn, name}; }
inline Event error(std::string_view name) { return {spdlog::level::err, name}; }

// What a line given to the logger holds.
struct Parts {
  std::string_view text;
  std::string_view fields;  // members of a JSON object; empty: it is no Event's
};
Parts parts_of(std::string_view line);

}  // namespace gensetd::log
