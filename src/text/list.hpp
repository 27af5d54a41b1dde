#pragma once

#include <string_view>
#include <vector>

namespace gensetd::text {

// `text` without leading and trailing spaces and tabs.
std::string_view trimmed(std::string_view text);

// The entries of a comma-separated list, including the spaces around them. Empty entries are kept: "a,,b"
// gives three entries, "" gives one.
std::vector<std::string_view> split_list(std::string_view list);

}  // namespace gensetd::text
