#pragma once

#include "events/event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::events {

// Where a page of the journal ends: what is older comes on the next one.
struct Cursor {
  Timestamp onset;
  std::int64_t id = 0;
  bool operator==(const Cursor&) const = default;
};

std::string print_cursor(const Cursor& cursor);  // "2026-02-17T14:30:00.123Z_1234"
std::optional<Cursor> parse_cursor(std::string_view text);

// Which events are wanted; what is empty does not matter.
struct Query {
  std::optional<std::int64_t> site_id;
  std::optional<std::int64_t> device_id;
  std::optional<Kind> kind;
  std::optional<int> priority;
  std::optional<State> state;
  std::optional<Timestamp> from;  // onset
  std::optional<Timestamp> to;    // onset, not included
  std::optional<Cursor> before;
  std::size_t limit = 100;
};

// What of the journal stays.
struct Keep {
  std::chrono::days age{90};
  std::size_t events = 100'000;
};

}  // namespace gensetd::events
