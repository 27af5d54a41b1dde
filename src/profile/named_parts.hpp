#pragma once

#include "profile/profile_error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

// Named parts of a profile: groups, code tables, blocks, fields.
namespace gensetd::profile {

template <typename Parts, typename Name>
auto find_named(Parts& parts, std::string_view name, Name name_of) {
  return std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return name_of(part) == name; });
}

template <typename Parts>
void check_exists(const Parts& parts, std::string_view what, std::string_view name,
                  const FilePosition& position) {
  const auto name_of = [](const auto& part) -> const std::string& { return part.name; };
  if (find_named(parts, name, name_of) != parts.end()) return;
  std::vector<std::string_view> known;
  known.reserve(parts.size());
  for (const auto& part : parts) known.push_back(part.name);
  refuse(position, fmt::format("there is no {} {}: must be one of {}", what, in_quotes(name),
                               known.empty() ? "those of the file, which contains none"
                                             : fmt::format("{}", fmt::join(known, ", "))));
}

inline void check_is_new(bool is_new, std::string_view what, std::string_view name,
                         const FilePosition& position) {
  if (!is_new) refuse(position, fmt::format("{} {} exists already: must be a new name", what, name));
}

}  // namespace gensetd::profile
