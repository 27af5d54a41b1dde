#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace gensetd::profile {

inline constexpr std::size_t name_length_max = 64;
inline constexpr std::string_view name_allowed = "1 to 64 of a-z, 0-9 and _";

// Whether a profile, or a part of one, may have this name. Names are parts of URLs, of Redis keys and of the
// codes of events.
constexpr bool is_name(std::string_view text) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= name_length_max && std::ranges::all_of(text, is_allowed);
}

}  // namespace gensetd::profile
