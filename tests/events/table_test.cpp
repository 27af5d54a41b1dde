#include "events/table.hpp"

#include "readings.hpp"
#include "registry/real_database.hpp"
#include "registry/schema.hpp"
#include "registry/store.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// Against a real SQLite file and a real PostgreSQL server.
namespace gensetd::events {
namespace {

using registry::Kind;
using registry::Store;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t day_ms = 86'400'000;

Event event_of(std::int64_t id, std::int64_t onset_ms, EventState state = EventState::closed) {
  return {.id = id,
          .device_id = id % 3 + 1,
          .site_id = id % 2 + 1,
          .site_code = "MKZ",
          .kind = events::EventKind::status,
          .code = "status_changed",
          .args = R"({"from":0,"text":"'о"})",
          .state = state,
          .onset = at(onset_ms)};
}

class EventTable : public testing::TestWithParam<Kind> {
 protected:
  std::vector<std::int64_t> ids(const EventQuery& query) {
    std::vector<std::int64_t> all;
    for (const Event& event : read_events(store, query)) all.push_back(event.id);
    return all;
  }
  JournalClocks clocks() { return {running, now}; }
  void write(const std::vector<Event>& events) { write_events(store, events, clocks()); }
  std::size_t prune(const Retention& keep) { return prune_events(store, keep, clocks()); }
  void pass(std::chrono::seconds time) { now += time; }

  registry::RealDatabase database{GetParam()};
  Store store = Store::create_or_open(database.address());
  RunningTime running;
  RunningTime::SteadyTime now{hours{1}};
};

INSTANTIATE_TEST_SUITE_P(Databases, EventTable, testing::Values(Kind::sqlite, Kind::postgres),
                         testing::PrintToStringParamName());

using Ids = std::vector<std::int64_t>;

TEST_P(EventTable, event_is_read_completely_and_in_its_newest_state) {
  Event alarm{.id = 1'790'000'000'000'001,
              .device_id = 13,
              .site_id = 3,
              .site_code = "МКЗ",
              .kind = events::EventKind::alarm,
              .priority = 1,
              .code = "alarm_shutdown",
              .args = R"({"field":"alarm_shutdown"})",
              .state = EventState::active,
              .onset = at(1'700'000'000'123),
              .onset_at_latest = true};
  write({alarm, event_of(2, 5)});
  EXPECT_EQ(read_event(store, alarm.id), alarm);
  alarm.state = EventState::closed;
  alarm.returned_at = at(1'700'000'001'000);
  alarm.acknowledged_at = at(1'700'000'002'000);
  alarm.acknowledged_by = "O'Brien";
  write({alarm});
  EXPECT_EQ(read_event(store, alarm.id), alarm);
  EXPECT_EQ(read_event(store, 2), event_of(2, 5));
  EXPECT_EQ(read_event(store, 3), std::nullopt);
  EXPECT_EQ(read_events(store, {}).size(), 2U);
}

TEST_P(EventTable, state_never_goes_back) {
  Event alarm = event_of(1, 5, EventState::active);
  write({alarm});
  const Event as_it_was = alarm;
  alarm.state = EventState::returned;
  alarm.returned_at = at(9);
  write({alarm});
  write({as_it_was});
  EXPECT_EQ(read_event(store, 1), alarm);
  const Event returned = alarm;
  alarm.state = EventState::closed;
  alarm.acknowledged_at = at(11);
  write({alarm});
  write({returned});
  EXPECT_EQ(read_event(store, 1), alarm);
}

TEST_P(EventTable, filters_and_pages_return_each_event_once_newest_first) {
  std::vector<Event> events;
  for (std::int64_t id = 1; id <= 30; ++id)
    events.push_back(event_of(id, 1'000 + id / 4 * 10));  // four of each onset
  events[4].kind = events::EventKind::alarm;
  events[4].priority = 2;
  events[4].state = EventState::returned;
  write(events);
  EXPECT_EQ(ids({.limit = 3}), (Ids{30, 29, 28}));
  EXPECT_EQ(ids({.kind = events::EventKind::alarm}), Ids{5});
  EXPECT_EQ(ids({.priority = 2}), Ids{5});
  EXPECT_EQ(ids({.state = EventState::returned}), Ids{5});
  EXPECT_EQ(ids({.device_id = 1, .limit = 2}), (Ids{30, 27}));
  EXPECT_EQ(ids({.site_id = 2, .device_id = 1, .limit = 2}), (Ids{27, 21}));
  EXPECT_EQ(ids({.from = at(1'000), .to = at(1'010)}), (Ids{3, 2, 1}));
  EXPECT_EQ(ids({.site_id = 99}), Ids{});
  Ids paged;
  EventQuery query{.limit = 7};
  while (true) {
    const auto page = read_events(store, query);
    if (page.empty()) break;
    for (const Event& event : page) paged.push_back(event.id);
    query.before = EventCursor{page.back().onset, page.back().id};
    if (paged.size() == 14) write({event_of(99, 9'000)});  // a new event is written meanwhile
  }
  Ids expected;
  for (std::int64_t id = 30; id >= 1; --id) expected.push_back(id);
  EXPECT_EQ(paged, expected);
}

TEST_P(EventTable, start_reads_open_events_and_the_alarms_of_the_last_day) {
  std::vector<Event> events;
  for (std::int64_t id = 1; id <= 4; ++id)
    events.push_back(event_of(id, id * day_ms, id == 2 ? EventState::active : EventState::closed));
  for (Event& event : events) event.priority = 4;
  write(events);
  const EarlierRun past = read_earlier_run(store, clocks(), at(4 * day_ms + 1'000));
  ASSERT_EQ(past.open.size(), 1U);
  EXPECT_EQ(past.open[0], events[1]);
  EXPECT_EQ(past.alarm_ages, std::vector{milliseconds{1'000}});
}

// With the clock set back by ten days, all onsets appear to be in the future. The alarms are at least as old
// as the running time since.
TEST_P(EventTable, start_with_a_clock_set_back_counts_an_alarm_by_its_running_time) {
  Event alarm = event_of(1, 20 * day_ms);
  alarm.priority = 4;
  write({alarm});
  pass(hours{23});
  EXPECT_EQ(read_earlier_run(store, clocks(), at(10 * day_ms)).alarm_ages,
            std::vector<milliseconds>{hours{23}});
  pass(hours{2});
  EXPECT_TRUE(read_earlier_run(store, clocks(), at(10 * day_ms)).alarm_ages.empty());
}

TEST_P(EventTable, empty_journal_has_no_earlier_run) {
  const EarlierRun past = read_earlier_run(store, clocks(), at(0));
  EXPECT_TRUE(past.open.empty());
}

TEST_P(EventTable, old_and_surplus_events_are_deleted_except_active_alarms) {
  for (std::int64_t id = 1; id <= 20; ++id) {
    Event event = event_of(id, 0);
    if (id == 1) event.state = EventState::active;
    if (id == 2) event.state = EventState::returned;
    write({event});
    pass(days{1});
  }
  prune({.age = days{15}, .events = 100});
  EXPECT_EQ(ids({}).size(), 15U);  // the sixth was written 15 days ago; and the active one
  EXPECT_EQ(ids({}).back(), 1);
  prune({.age = days{15}, .events = 4});
  EXPECT_EQ(ids({}), (Ids{20, 19, 18, 17, 1}));
  EXPECT_EQ(prune({.age = days{15}, .events = 5}), 0U);
}

// The onsets come from a clock that was 200 days ahead, then in 1970, then right.
TEST_P(EventTable, wrong_onset_makes_no_row_older_or_younger) {
  const std::vector<std::int64_t> onsets = {500 * day_ms, 0, 300 * day_ms};
  for (std::int64_t id = 1; id <= 3; ++id) write({event_of(id, onsets[static_cast<std::size_t>(id) - 1])});
  EXPECT_EQ(prune({.age = days{1}, .events = 100}), 0U);
  EXPECT_EQ(prune({.age = days{1}, .events = 2}), 1U);  // the first written row is deleted first
  EXPECT_EQ(ids({}), (Ids{3, 2}));
}

TEST_P(EventTable, time_counts_across_restarts_and_not_while_no_daemon_runs) {
  write({event_of(1, 0)});
  for (int restart = 0; restart < 14; ++restart) {
    pass(hours{24});
    store_running_time(store, clocks());
    running = {};    // the next run of the program
    pass(days{30});  // switched off
    EXPECT_EQ(prune({.age = days{15}, .events = 100}), 0U) << restart;
  }
  pass(hours{24});
  EXPECT_EQ(prune({.age = days{15}, .events = 100}), 1U);
}

TEST_P(EventTable, long_alarm_is_not_deleted_when_it_ends) {
  Event alarm = event_of(1, 0, EventState::active);
  write({alarm});
  pass(days{100});
  alarm.state = EventState::returned;
  write({alarm});
  EXPECT_EQ(prune({.age = days{90}, .events = 100}), 0U);
  pass(days{90});
  EXPECT_EQ(prune({.age = days{90}, .events = 100}), 1U);
}

TEST_P(EventTable, deleted_row_of_the_running_time_is_restored_from_the_events) {
  write({event_of(1, 0)});
  pass(days{3});
  write({event_of(2, 0)});
  database.run_sql("DELETE FROM events_meta");
  running = {};
  EXPECT_EQ(prune({.age = days{2}, .events = 100}), 1U);
  EXPECT_EQ(ids({}), Ids{2});
}

// One of them was written while the clock was 200 days ahead.
TEST_P(EventTable, rows_of_an_earlier_release_begin_with_an_age_of_zero) {
  registry::RealDatabase old{GetParam()};
  const registry::Schema& schema =
      GetParam() == Kind::sqlite ? registry::sqlite_schema() : registry::postgres_schema();
  for (int version = 1; version <= 3; ++version) {
    for (const std::string& statement : schema.steps.at(static_cast<std::size_t>(version) - 1))
      old.run_sql(statement);
    old.run_sql("INSERT INTO schema_version (version, applied_at) VALUES (" + std::to_string(version) +
                ", 'x')");
  }
  for (const std::string onset : {"2025-01-01T00:00:00.000Z", "2025-07-20T00:00:00.000Z"})
    old.run_sql(
        "INSERT INTO events (id, site_code, kind, code, args, state, onset, onset_at_latest, "
        "acknowledged_by) "
        "SELECT COUNT(*) + 1, '', 'gateway', 'gateway_started', '{}', 'closed', '" +
        onset + "', 0, '' FROM events");
  store = Store::create_or_open(old.address());
  EXPECT_EQ(prune({.age = days{90}, .events = 100}), 0U);
  pass(days{90});
  EXPECT_EQ(prune({.age = days{90}, .events = 100}), 2U);
}

TEST_P(EventTable, invalid_row_is_left_out) {
  write({event_of(1, 1'000), event_of(2, 2'000)});
  database.run_sql("UPDATE events SET state = 'odd' WHERE id = 1");
  EXPECT_EQ(ids({}), Ids{2});
}

TEST(EventCursor, round_trips_and_everything_else_is_refused) {
  const EventCursor cursor{at(1'700'000'000'123), 1'790'000'000'000'001};
  EXPECT_EQ(parse_cursor(print_cursor(cursor)), cursor);
  for (const char* bad :
       {"", "_", "1", "2026-02-17T14:30:00.123Z", "2026-02-17T14:30:00.123Z_", "2026-02-17T14:30:00.123Z_x",
        "2026-02-17T14:30:00.123Z_1 ", "2026-02-17T14:30:00.123Z_-1"})
    EXPECT_EQ(parse_cursor(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace gensetd::events
