#pragma once

#include "events/event.hpp"
#include "profile/profile.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gensetd::events {

// What can happen, and how it is said. {placeholders} of a text are members of the event's args.
struct Code {
  std::string_view code;
  Kind kind;
  std::optional<int> priority;
  std::string_view en;
  std::string_view ru;
};

std::span<const Code> catalogue();
const Code& code_of(std::string_view code);  // one of the catalogue

enum class Language : bool { english, russian };

// The text of an event with its placeholders filled; one that args does not hold stays as it is.
std::string text_of(const Event& event, Language language);

}  // namespace gensetd::events
