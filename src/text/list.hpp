#pragma once

#include <string_view>
#include <vector>

namespace gensetd::text {

// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text);

// The entries of a comma-separated list, with the spaces around them. "a,,b" has an empty one in the middle,
// and "" is one empty entry.
std::vector<std::string_view> split_list(std::string_view list);

}  // namespace gensetd::text
