#include "events/table.hpp"

#include "events/event_row.hpp"
#include "registry/execute.hpp"
#include "registry/store.hpp"

#include <soci/soci.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <list>
#include <stdexcept>

namespace gensetd::events {
namespace {

constexpr std::size_t onsets_max = 100'000;

// The conditions of a query and the values they compare with. Must exist until the statement has run.
struct Conditions {
  std::string sql;
  std::list<std::string> texts;
  std::list<long long> numbers;
  std::vector<std::function<void(soci::statement&)>> binds;

  void add(std::string_view condition) {
    sql += sql.empty() ? " WHERE " : " AND ";
    sql += condition;
  }
  void use(std::string text) {
    std::string& kept = texts.emplace_back(std::move(text));
    binds.emplace_back([&kept](soci::statement& statement) { statement.exchange(soci::use(kept)); });
  }
  void use(std::int64_t number) {
    long long& kept = numbers.emplace_back(number);
    binds.emplace_back([&kept](soci::statement& statement) { statement.exchange(soci::use(kept)); });
  }
};

std::vector<Event> select(registry::Store& store, const Conditions& conditions, std::string_view order,
                          std::size_t limit) {
  EventRow row;
  soci::statement statement{store.session()};
  row.exchange(statement, true);
  for (const auto& bind : conditions.binds) bind(statement);
  statement.alloc();
  statement.prepare("SELECT " + std::string{event_columns} + " FROM events" + conditions.sql +
                    std::string{order} + " LIMIT " + std::to_string(limit));
  statement.define_and_bind();
  statement.execute();
  std::vector<Event> events;
  while (statement.fetch()) {
    if (auto event = row.event()) events.push_back(std::move(*event));
  }
  return events;
}

constexpr std::string_view newest_first = " ORDER BY onset DESC, id DESC";

constexpr std::chrono::seconds day{std::chrono::hours{24}};

std::int64_t running_time(registry::Store& store, JournalClocks clocks) {
  long long stored = 0;
  registry::execute(
      store.session(),
      "SELECT COALESCE((SELECT MAX(running) FROM events_meta), (SELECT MAX(run) FROM events), 0)",
      soci::into(stored));
  return clocks.running.advanced(stored, clocks.now);
}

// Within a change. The row may be missing if someone deleted it.
std::int64_t advance_running_time(registry::Store& store, JournalClocks clocks) {
  const long long sum = running_time(store, clocks);
  soci::statement update =
      (store.session().prepare << "UPDATE events_meta SET running = :running", soci::use(sum));
  update.execute(true);
  if (update.get_affected_rows() == 0)
    registry::execute(store.session(), "INSERT INTO events_meta (running) VALUES (:running)", soci::use(sum));
  return sum;
}

}  // namespace

void store_running_time(registry::Store& store, JournalClocks clocks) {
  std::int64_t sum = 0;
  store.change([&] {
    sum = advance_running_time(store, clocks);
    return true;
  });
  clocks.running.note_stored(sum);
}

void write_events(registry::Store& store, const std::vector<Event>& events, JournalClocks clocks) {
  long long run = 0;
  store.change([&] {
    run = advance_running_time(store, clocks);
    EventRow row;
    soci::statement statement{store.session()};
    row.exchange(statement, false);
    statement.exchange(soci::use(run));
    statement.alloc();
    statement.prepare(
        "INSERT INTO events (" + std::string{event_columns} +
        ", run) VALUES (:id, :device_id, :site_id, :site_code, :kind, :priority, :code, :args, :state, "
        ":onset, :onset_at_latest, :returned_at, :acknowledged_at, :acknowledged_by, :run) "
        "ON CONFLICT (id) DO UPDATE SET state = excluded.state, returned_at = excluded.returned_at, "
        "acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by, "
        "run = excluded.run "
        "WHERE events.state <> 'closed' AND (events.state = 'active' OR excluded.state <> 'active')");
    statement.define_and_bind();
    for (const Event& event : events) {
      row.fill(event);
      statement.execute(true);
    }
    return true;
  });
  clocks.running.note_stored(run);
}

std::vector<Event> read_events(registry::Store& store, const EventQuery& query) {
  Conditions where;
  if (query.site_id) where.add("site_id = :site_id"), where.use(*query.site_id);
  if (query.device_id) where.add("device_id = :device_id"), where.use(*query.device_id);
  if (query.kind) where.add("kind = :kind"), where.use(std::string{to_word(*query.kind)});
  if (query.priority) where.add("priority = :priority"), where.use(std::int64_t{*query.priority});
  if (query.state) where.add("state = :state"), where.use(std::string{to_word(*query.state)});
  if (query.from) where.add("onset >= :from_time"), where.use(reading::print_timestamp(*query.from));
  if (query.to) where.add("onset < :to_time"), where.use(reading::print_timestamp(*query.to));
  if (query.before) {
    where.add("(onset < :onset OR (onset = :same_onset AND id < :before_id))");
    where.use(reading::print_timestamp(query.before->onset));
    where.use(reading::print_timestamp(query.before->onset));
    where.use(query.before->id);
  }
  std::vector<Event> events;
  store.read_snapshot([&] { events = select(store, where, newest_first, query.limit); });
  return events;
}

std::optional<Event> read_event(registry::Store& store, std::int64_t id) {
  Conditions where;
  where.add("id = :id");
  where.use(id);
  std::vector<Event> events;
  store.read_snapshot([&] { events = select(store, where, "", 1); });
  return events.empty() ? std::nullopt : std::optional{std::move(events.front())};
}

namespace {

std::vector<std::chrono::milliseconds> alarm_ages(registry::Store& store, JournalClocks clocks,
                                                  Timestamp wall_now) {
  const std::int64_t running = running_time(store, clocks);
  const std::string since = reading::print_timestamp(wall_now - day);
  const long long since_run = running - day.count();
  std::string onset;
  long long run = 0;
  soci::statement rows =
      (store.session().prepare << "SELECT onset, run FROM events WHERE priority IS NOT NULL AND "
                                  "onset > :since AND run > :since_run LIMIT " +
                                      std::to_string(onsets_max),
       soci::into(onset), soci::into(run), soci::use(since), soci::use(since_run));
  rows.execute();
  std::vector<std::chrono::milliseconds> ages;
  while (rows.fetch()) {
    const auto time = reading::parse_timestamp(onset);
    const std::chrono::milliseconds at_least = std::chrono::seconds{std::max<std::int64_t>(0, running - run)};
    if (time) ages.push_back(std::max(wall_now - *time, at_least));
  }
  return ages;
}

EarlierRun earlier_run_before(registry::Store& store, JournalClocks clocks, Timestamp wall_now) {
  EarlierRun past;
  Conditions open;
  open.add("state <> 'closed'");
  past.open = select(store, open, newest_first, onsets_max);
  past.alarm_ages = alarm_ages(store, clocks, wall_now);
  return past;
}

// A position in the order of the last changes of the rows.
struct LastChange {
  long long run = std::numeric_limits<long long>::min();
  long long id = std::numeric_limits<long long>::max();
};

// The most recently changed of the surplus rows; a position before all rows when there are none.
LastChange last_surplus(registry::Store& store, const Retention& retention) {
  LastChange last;
  long long run = 0;
  long long id = 0;
  const bool is_found =
      registry::execute(store.session(),
                        "SELECT run, id FROM events ORDER BY run DESC, id DESC LIMIT 1 OFFSET " +
                            std::to_string(retention.events),
                        soci::into(run), soci::into(id));
  if (is_found) last = {.run = run, .id = id};
  return last;
}

}  // namespace

EarlierRun read_earlier_run(registry::Store& store, JournalClocks clocks, Timestamp wall_now) {
  EarlierRun past;
  store.read_snapshot([&] { past = earlier_run_before(store, clocks, wall_now); });
  return past;
}

std::size_t prune_events(registry::Store& store, const Retention& retention, JournalClocks clocks) {
  std::size_t removed = 0;
  std::int64_t running = 0;
  store.change([&] {
    running = advance_running_time(store, clocks);
    LastChange last = last_surplus(store, retention);
    const std::int64_t too_old = running - std::chrono::seconds{retention.age}.count();
    if (too_old > last.run) last = {.run = too_old};
    soci::statement removal =
        (store.session().prepare
             << "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE (run, id) <= (:run, :id) "
                "AND state IN ('closed', 'returned') ORDER BY run, id LIMIT " +
                    std::to_string(pruned_at_once_max) + ")",
         soci::use(last.run), soci::use(last.id));
    removal.execute(true);
    removed = static_cast<std::size_t>(removal.get_affected_rows());
    return true;
  });
  clocks.running.note_stored(running);
  return removed;
}

}  // namespace gensetd::events
