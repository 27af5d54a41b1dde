#pragma once

#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

namespace gensetd::text {

// Reads `text` as a number from `least` to `most`. Empty unless the whole text is the number: spaces, a plus
// sign or a unit are refused. NaN is in no range.
template <class Number>
std::optional<Number> parse_number(std::string_view text,
                                   Number least = std::numeric_limits<Number>::lowest(),
                                   Number most = std::numeric_limits<Number>::max()) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || stopped != end || !(value >= least && value <= most)) return std::nullopt;
  return value;
}

}  // namespace gensetd::text
