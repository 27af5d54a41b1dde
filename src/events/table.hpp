#pragma once

#include "events/event.hpp"
#include "events/query.hpp"
#include "events/running_time.hpp"

#include <chrono>
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

// The clocks of a caller, at the moment of the call.
struct JournalClocks {
  RunningTime& running;
  RunningTime::SteadyTime now;
};

// New or changed ones, in one transaction. A state never goes back: a batch that had to be tried again may
// come behind a newer one. Each row keeps the running time of its last change.
void write_events(registry::Store& store, const std::vector<Event>& events, JournalClocks clocks);

// Stores the running time, so that the time without events counts too.
void store_running_time(registry::Store& store, JournalClocks clocks);

std::vector<Event> read_events(registry::Store& store, const Query& query);  // newest first
std::optional<Event> read_event(registry::Store& store, std::int64_t id);

// What a start needs of an earlier run.
struct Past {
  std::vector<Event> open;
  // How long ago alarms came, those of the last day. It is the time since their onset by the wall clock, but
  // never less than the time that daemons have been running since.
  std::vector<std::chrono::milliseconds> alarm_ages;
};
Past read_past(registry::Store& store, JournalClocks clocks, Timestamp wall_now);

// Deletes what is too old by the running time, and what is too much, the least recently changed first; never
// alarms that are active. How many, at most pruned_at_once_max: others do not wait long for it.
inline constexpr std::size_t pruned_at_once_max = 5'000;
std::size_t prune_events(registry::Store& store, const Keep& keep, JournalClocks clocks);

}  // namespace gensetd::events
