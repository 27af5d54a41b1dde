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

// The table `events` of the registry's database; the same statements for SQLite and PostgreSQL. Call these on
// the thread of the registry's SQL. They throw the exceptions of the database.

// The clocks of the caller, at the time of the call.
struct JournalClocks {
  RunningTime& running;
  RunningTime::SteadyTime now;
};

// Writes new or changed events in one transaction. A state never goes back: a repeated batch may arrive after
// a newer one. Each row contains the running time of its last change.
void write_events(registry::Store& store, const std::vector<Event>& events, JournalClocks clocks);

// Stores the running time, so that time without events counts too.
void store_running_time(registry::Store& store, JournalClocks clocks);

std::vector<Event> read_events(registry::Store& store, const EventQuery& query);  // newest first
std::optional<Event> read_event(registry::Store& store, std::int64_t id);

// What a start needs from an earlier run.
struct EarlierRun {
  std::vector<Event> open;
  // How long ago the alarms of the last day were raised: the time since their onset by the wall clock, but
  // not less than the time for which daemons have been running since.
  std::vector<std::chrono::milliseconds> alarm_ages;
};
EarlierRun read_earlier_run(registry::Store& store, JournalClocks clocks, Timestamp wall_now);

// Deletes rows that are too old by the running time, and surplus rows, the least recently changed first;
// never active alarms. Returns how many, at most pruned_at_once_max, so that other statements do not wait
// long.
inline constexpr std::size_t pruned_at_once_max = 5'000;
std::size_t prune_events(registry::Store& store, const Retention& retention, JournalClocks clocks);

}  // namespace gensetd::events
