#pragma once

#include "events/event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::events {

// The end of a page of the journal: older events are on the next one.
struct EventCursor {
  Timestamp onset;
  std::int64_t id = 0;
  bool operator==(const EventCursor&) const = default;
};

std::string print_cursor(const EventCursor& cursor);  // "2026-02-17T14:30:00.123Z_1234"
std::optional<EventCursor> parse_cursor(std::string_view text);

// Which events are wanted; an empty member matches all.
struct EventQuery {
  std::optional<std::int64_t> site_id;
  std::optional<std::int64_t> device_id;
  std::optional<EventKind> kind;
  std::optional<int> priority;
  std::optional<EventState> state;
  std::optional<Timestamp> from;  // onset
  std::optional<Timestamp> to;    // onset, not included
  std::optional<EventCursor> before;
  std::size_t limit = 100;
};

// How much of the journal is kept.
struct Retention {
  std::chrono::days age{90};
  std::size_t events = 100'000;
};

}  // namespace gensetd::events
