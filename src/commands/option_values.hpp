#pragma once

#include "commands/bad_option.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

// Checks of option values. Both functions throw BadOption with the option, its value and what is allowed.
namespace gensetd::commands {

inline void check_range(const char* option, double value, double least, double most) {
  if (!(value >= least && value <= most))
    throw BadOption(fmt::format("{}: {} is out of range; give {} to {}", option, value, least, most));
}

// The value that `words` assigns to `word`.
template <class Value>
Value one_of(const char* option, const std::string& word,
             const std::vector<std::pair<std::string, Value>>& words) {
  std::string allowed;
  for (const auto& [known, value] : words) {
    if (known == word) return value;
    allowed += (allowed.empty() ? "" : ", ") + known;
  }
  throw BadOption(fmt::format("{}: '{}' is not allowed; give one of {}", option, word, allowed));
}

}  // namespace gensetd::commands
