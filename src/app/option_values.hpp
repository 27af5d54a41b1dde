#pragma once

#include "app/bad_option.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

// Values of command-line options that are out of range, or none of the words allowed: BadOption names both.
namespace gensetd::app {

inline void check_range(const char* option, double value, double least, double most) {
  if (!(value >= least && value <= most))
    throw BadOption(fmt::format("{}: {} is out of range; give {} to {}", option, value, least, most));
}

// The value of one of these words.
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

}  // namespace gensetd::app
