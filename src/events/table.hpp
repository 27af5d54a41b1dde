#pragma once

#include "events/event.hpp"
#include "events/query.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gensetd::registry {
class Store;
}

namespace gensetd::events {

// The table `events` of the registry's database; the same statements for SQLite and PostgreSQL. On the thread
// of the registry's SQL. Each throws what the database throws.

// New or changed ones, in one transaction. A state never goes back: a batch that had to be tried again may
// come behind a newer one.
void write_events(registry::Store& store, const std::vector<Event>& events);
std::vector<Event> read_events(registry::Store& store, const Query& query);  // newest first
std::optional<Event> read_event(registry::Store& store, std::int64_t id);

// What a start needs of an earlier run.
struct Past {
  std::vector<Event> open;
  std::vector<Timestamp> alarm_onsets;  // of the last day
  std::int64_t last_id = 0;
};
Past read_past(registry::Store& store, Timestamp now);

// Deletes what is too old or too much, but alarms that are active. How many, at most pruned_at_once_max:
// others do not wait long for it.
inline constexpr std::size_t pruned_at_once_max = 5'000;
std::size_t prune_events(registry::Store& store, const Keep& keep, Timestamp now);

}  // namespace gensetd::events
