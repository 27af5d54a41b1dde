#include "events/query.hpp"

#include "text/number.hpp"

namespace gensetd::events {

std::string print_cursor(const EventCursor& cursor) {
  return reading::print_timestamp(cursor.onset) + '_' + std::to_string(cursor.id);
}

std::optional<EventCursor> parse_cursor(std::string_view text) {
  const auto middle = text.find('_');
  if (middle == std::string_view::npos) return std::nullopt;
  const auto onset = reading::parse_timestamp(text.substr(0, middle));
  const auto id = text::parse_number<std::int64_t>(text.substr(middle + 1), 0);
  if (!onset || !id) return std::nullopt;
  return EventCursor{.onset = *onset, .id = *id};
}

}  // namespace gensetd::events
