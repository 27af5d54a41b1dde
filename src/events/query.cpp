#include "events/query.hpp"

#include <charconv>

namespace gensetd::events {

std::string print_cursor(const Cursor& cursor) {
  return reading::print_timestamp(cursor.onset) + '_' + std::to_string(cursor.id);
}

std::optional<Cursor> parse_cursor(std::string_view text) {
  const auto middle = text.find('_');
  if (middle == std::string_view::npos) return std::nullopt;
  const auto onset = reading::parse_timestamp(text.substr(0, middle));
  Cursor cursor;
  const std::string_view digits = text.substr(middle + 1);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), cursor.id);
  if (!onset || failed != std::errc{} || end != digits.data() + digits.size() || cursor.id < 0)
    return std::nullopt;
  cursor.onset = *onset;
  return cursor;
}

}  // namespace gensetd::events
