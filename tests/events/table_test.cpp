#include "events/table.hpp"

#include "readings.hpp"
#include "registry/real_database.hpp"
#include "registry/store.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// Against a real SQLite file and a real PostgreSQL server.
namespace gensetd::events {
namespace {

using registry::Kind;
using registry::Store;

Event event_of(std::int64_t id, std::int64_t onset_ms, State state = State::closed) {
  return {.id = id,
          .device_id = id % 3 + 1,
          .site_id = id % 2 + 1,
          .site_code = "MKZ",
          .kind = events::Kind::status,
          .code = "status_changed",
          .args = R"({"from":0,"text":"'о"})",
          .state = state,
          .onset = at(onset_ms)};
}

class EventTable : public testing::TestWithParam<Kind> {
 protected:
  std::vector<std::int64_t> ids(const Query& query) {
    std::vector<std::int64_t> all;
    for (const Event& event : read_events(store, query)) all.push_back(event.id);
    return all;
  }

  registry::RealDatabase database{GetParam()};
  Store store = Store::create_or_open(database.address());
};

INSTANTIATE_TEST_SUITE_P(Databases, EventTable, testing::Values(Kind::sqlite, Kind::postgres),
                         testing::PrintToStringParamName());

using Ids = std::vector<std::int64_t>;

TEST_P(EventTable, event_comes_back_whole_and_as_it_was_last) {
  Event alarm{.id = 1'790'000'000'000'001,
              .device_id = 13,
              .site_id = 3,
              .site_code = "МКЗ",
              .kind = events::Kind::alarm,
              .priority = 1,
              .code = "alarm_shutdown",
              .args = R"({"field":"alarm_shutdown"})",
              .state = State::active,
              .onset = at(1'700'000'000'123),
              .onset_at_latest = true};
  write_events(store, {alarm, event_of(2, 5)});
  EXPECT_EQ(read_event(store, alarm.id), alarm);
  alarm.state = State::closed;
  alarm.returned_at = at(1'700'000'001'000);
  alarm.acknowledged_at = at(1'700'000'002'000);
  alarm.acknowledged_by = "O'Brien";
  write_events(store, {alarm});
  EXPECT_EQ(read_event(store, alarm.id), alarm);
  EXPECT_EQ(read_event(store, 2), event_of(2, 5));
  EXPECT_EQ(read_event(store, 3), std::nullopt);
  EXPECT_EQ(read_events(store, {}).size(), 2U);
}

TEST_P(EventTable, state_never_goes_back) {
  Event alarm = event_of(1, 5, State::active);
  write_events(store, {alarm});
  const Event as_it_was = alarm;
  alarm.state = State::returned;
  alarm.returned_at = at(9);
  write_events(store, {alarm});
  write_events(store, {as_it_was});
  EXPECT_EQ(read_event(store, 1), alarm);
  const Event returned = alarm;
  alarm.state = State::closed;
  alarm.acknowledged_at = at(11);
  write_events(store, {alarm});
  write_events(store, {returned});
  EXPECT_EQ(read_event(store, 1), alarm);
}

TEST_P(EventTable, filters_and_pages_give_each_event_once_newest_first) {
  std::vector<Event> events;
  for (std::int64_t id = 1; id <= 30; ++id)
    events.push_back(event_of(id, 1'000 + id / 4 * 10));  // four of each onset
  events[4].kind = events::Kind::alarm;
  events[4].priority = 2;
  events[4].state = State::returned;
  write_events(store, events);
  EXPECT_EQ(ids({.limit = 3}), (Ids{30, 29, 28}));
  EXPECT_EQ(ids({.kind = events::Kind::alarm}), Ids{5});
  EXPECT_EQ(ids({.priority = 2}), Ids{5});
  EXPECT_EQ(ids({.state = State::returned}), Ids{5});
  EXPECT_EQ(ids({.device_id = 1, .limit = 2}), (Ids{30, 27}));
  EXPECT_EQ(ids({.site_id = 2, .device_id = 1, .limit = 2}), (Ids{27, 21}));
  EXPECT_EQ(ids({.from = at(1'000), .to = at(1'010)}), (Ids{3, 2, 1}));
  EXPECT_EQ(ids({.site_id = 99}), Ids{});
  Ids paged;
  Query query{.limit = 7};
  while (true) {
    const auto page = read_events(store, query);
    if (page.empty()) break;
    for (const Event& event : page) paged.push_back(event.id);
    query.before = Cursor{page.back().onset, page.back().id};
    if (paged.size() == 14) write_events(store, {event_of(99, 9'000)});  // something new comes meanwhile
  }
  Ids expected;
  for (std::int64_t id = 30; id >= 1; --id) expected.push_back(id);
  EXPECT_EQ(paged, expected);
}

TEST_P(EventTable, start_finds_what_is_open_and_what_came_in_the_last_day) {
  std::vector<Event> events;
  const std::int64_t day_ms = 86'400'000;
  for (std::int64_t id = 1; id <= 4; ++id)
    events.push_back(event_of(id, id * day_ms, id == 2 ? State::active : State::closed));
  for (Event& event : events) event.priority = 4;
  write_events(store, events);
  const Past past = read_past(store, at(4 * day_ms + 1'000));
  ASSERT_EQ(past.open.size(), 1U);
  EXPECT_EQ(past.open[0], events[1]);
  EXPECT_EQ(past.alarm_onsets, std::vector<Timestamp>{at(4 * day_ms)});
  EXPECT_EQ(past.last_id, 4);
}

TEST_P(EventTable, empty_journal_has_no_past) {
  const Past past = read_past(store, at(0));
  EXPECT_TRUE(past.open.empty());
  EXPECT_EQ(past.last_id, 0);
}

TEST_P(EventTable, old_and_surplus_events_go_but_not_active_alarms) {
  std::vector<Event> events;
  const std::int64_t day_ms = 86'400'000;
  for (std::int64_t id = 1; id <= 20; ++id) events.push_back(event_of(id, id * day_ms));
  events[0].state = State::active;
  events[1].state = State::returned;
  write_events(store, events);
  prune_events(store, {.age = std::chrono::days{15}, .events = 100}, at(20 * day_ms));
  EXPECT_EQ(ids({}).size(), 16U);  // the fifth is just too old; and the active one
  EXPECT_EQ(ids({}).back(), 1);
  prune_events(store, {.age = std::chrono::days{15}, .events = 4}, at(20 * day_ms));
  EXPECT_EQ(ids({}), (Ids{20, 19, 18, 17, 1}));
  EXPECT_EQ(prune_events(store, {.age = std::chrono::days{15}, .events = 5}, at(20 * day_ms)), 0U);
}

TEST_P(EventTable, row_that_no_gensetd_wrote_is_left_out) {
  write_events(store, {event_of(1, 1'000), event_of(2, 2'000)});
  database.run_sql("UPDATE events SET state = 'odd' WHERE id = 1");
  EXPECT_EQ(ids({}), Ids{2});
}

TEST(EventCursor, comes_back_as_it_was_and_nothing_else_is_one) {
  const Cursor cursor{at(1'700'000'000'123), 1'790'000'000'000'001};
  EXPECT_EQ(parse_cursor(print_cursor(cursor)), cursor);
  for (const char* bad :
       {"", "_", "1", "2026-02-17T14:30:00.123Z", "2026-02-17T14:30:00.123Z_", "2026-02-17T14:30:00.123Z_x",
        "2026-02-17T14:30:00.123Z_1 ", "2026-02-17T14:30:00.123Z_-1"})
    EXPECT_EQ(parse_cursor(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace gensetd::events
