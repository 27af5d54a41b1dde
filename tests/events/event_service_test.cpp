#include "events/event_service.hpp"

#include "readings.hpp"
#include "registry/edits.hpp"
#include "registry/real_database.hpp"
#include "registry/store.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// The whole journal with a real database and a real SQL thread; the test makes the readings.
namespace gensetd::events {
namespace {

using registry::Kind;
using std::chrono::seconds;

boost::json::object body(const std::string& text) { return boost::json::parse(text).as_object(); }

struct Dashboards final : live::NotificationListener {
  std::vector<std::string> received;
  void event_changed(const live::EventNotification& notice) override { received.push_back(*notice.json); }
  void registry_changed(std::uint64_t) override {}
};

std::int64_t now_ms() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())
      .time_since_epoch()
      .count();
}

class EventServiceTest : public testing::TestWithParam<Kind> {
 protected:
  EventServiceTest() { make_devices(4); }

  void make_devices(int count) {
    registry::Store store = registry::Store::create_or_open(database.address());
    registry::create_site(store, body(R"({"name":"MKZ","code":"MKZ"})"), at(0));
    for (int index = 0; index < count; ++index)
      registry::create_device(
          store, body(R"({"site_id":1,"name":"G","device_type":"generator","ip_address":"10.0.0.1"})"),
          {"hgm9520n"}, at(0));
  }

  void start(EventOptions options = {}) {
    service =
        std::make_unique<registry::Service>(context.get_executor(), database.url(),
                                            std::make_shared<profile::Catalog>(profile::Catalog::built_in()));
    options.version = "1.2.3";
    event_service = std::make_unique<EventService>(context, hub, notices, *service, options);
    event_service->publish = [this](const std::string& json) { published.push_back(json); };
    event_service->start();
    run_until([&] { return event_service->metrics().recorded > 0; });  // gateway_started
  }
  void stop() {
    event_service->stop();
    service.reset();
    event_service.reset();
    context.restart();
    context.run_for(std::chrono::milliseconds{1});
  }

  template <class Done>
  void run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + seconds{60};
    const auto work = boost::asio::make_work_guard(context);
    context.restart();
    while (!done() && std::chrono::steady_clock::now() < deadline)
      context.run_one_for(std::chrono::milliseconds{50});
    ASSERT_TRUE(done());
  }

  std::vector<Event> list(const EventQuery& query = {}) {
    std::optional<EventService::Events> result;
    event_service->list(query, [&](EventService::Events events) { result = std::move(events); });
    run_until([&] { return result.has_value(); });
    auto* events = std::get_if<std::vector<Event>>(&*result);
    return events == nullptr ? std::vector<Event>{} : std::move(*events);
  }

  // All open alarms as a JSON array.
  std::string open_alarms() const {
    std::string json = "[";
    std::optional<AlarmPosition> last;
    for (auto alarms = event_service->open_alarms(last); !alarms.empty();
         alarms = event_service->open_alarms(last)) {
      for (const OpenAlarm& alarm : alarms) json += (json.size() > 1 ? "," : "") + alarm.json;
      last = alarms.back().position;
    }
    return json + "]";
  }

  void publish(reading::Content content) {
    content.seq = ++seq;
    hub.publish(reading::make_reading(std::move(content)));
  }

  boost::asio::io_context context{1};
  registry::RealDatabase database{GetParam()};
  live::Hub hub;
  std::uint64_t seq = 0;
  live::NotificationHub notices;
  std::vector<std::string> published;
  std::unique_ptr<registry::Service> service;
  std::unique_ptr<EventService> event_service;
};

INSTANTIATE_TEST_SUITE_P(Databases, EventServiceTest, testing::Values(Kind::sqlite, Kind::postgres),
                         testing::PrintToStringParamName());

TEST_P(EventServiceTest, event_is_sent_listed_and_published) {
  Dashboards dashboards;
  const auto subscription = notices.subscribe(dashboards);
  start();
  publish(good(1, 1'000));
  publish(good(1, 3'000, {{"alarm_shutdown", 1}, {"alarm_common", 1}}));
  const auto events = list();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].code, "gateway_started");
  EXPECT_EQ(events[1].code, "alarm_shutdown");
  EXPECT_EQ(events[1].state, EventState::active);
  EXPECT_EQ(events[1].site_id, 1);
  ASSERT_EQ(dashboards.received.size(), 2U);
  EXPECT_EQ(dashboards.received[1], to_json(events[1]));
  EXPECT_EQ(published, dashboards.received);
  EXPECT_EQ(open_alarms(), "[" + to_json(events[1]) + "]");
  stop();
}

TEST_P(EventServiceTest, acknowledgement_is_stored_and_refusals_have_their_reasons) {
  start();
  publish(good(1, 1'000, {{"alarm_block", 1}}));
  const std::int64_t id = list({.kind = events::EventKind::alarm}).at(0).id;
  const auto acknowledge = [&](std::int64_t which) {
    std::optional<EventService::Acknowledged> result;
    event_service->acknowledge(which, "Anna",
                               [&](EventService::Acknowledged done) { result = std::move(done); });
    run_until([&] { return result.has_value(); });
    return *result;
  };
  EXPECT_EQ(std::get<Event>(acknowledge(id)).state, EventState::acknowledged);
  EXPECT_EQ(std::get<AcknowledgeError>(acknowledge(id)), AcknowledgeError::acknowledged_already);
  publish(good(1, 2'000));
  EXPECT_EQ(std::get<AcknowledgeError>(acknowledge(id)), AcknowledgeError::not_open);
  EXPECT_EQ(std::get<AcknowledgeError>(acknowledge(12'345)), AcknowledgeError::unknown);
  const Event kept = list({.kind = events::EventKind::alarm}).at(0);
  EXPECT_EQ(kept.state, EventState::closed);
  EXPECT_EQ(kept.acknowledged_by, "Anna");
  stop();
}

TEST_P(EventServiceTest, acknowledgement_is_in_the_database_before_its_response) {
  start();
  publish(good(1, 1'000, {{"alarm_block", 1}}));
  const std::int64_t id = boost::json::parse(open_alarms()).at(0).at("id").as_int64();
  std::optional<EventService::Acknowledged> result;
  std::optional<Event> kept;  // as another client reads it at that time
  event_service->acknowledge(id, "Anna", [&](EventService::Acknowledged done) {
    result = std::move(done);
    registry::Store other = registry::Store::create_or_open(database.address());
    kept = read_event(other, id);
  });
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(std::get<Event>(*result).acknowledged_by, "Anna");
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->state, EventState::acknowledged);
  stop();
}

TEST_P(EventServiceTest, acknowledgement_that_the_database_refuses_is_not_reported_as_stored) {
  start();
  publish(good(1, 1'000, {{"alarm_block", 1}}));
  const std::int64_t id = list({.kind = events::EventKind::alarm}).at(0).id;
  database.run_sql(
      GetParam() == Kind::sqlite
          ? "CREATE TRIGGER no_names BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'no'); END"
          : "ALTER TABLE events ADD CONSTRAINT no_names CHECK (acknowledged_by = '')");
  std::optional<EventService::Acknowledged> result;
  event_service->acknowledge(id, "Anna", [&](EventService::Acknowledged done) { result = std::move(done); });
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(std::get<AcknowledgeError>(*result), AcknowledgeError::not_kept);
  stop();
}

TEST_P(EventServiceTest, restart_with_active_alarms_has_each_onset_once) {
  start();
  publish(good(1, 1'000, {{"alarm_shutdown", 1}, {"alarm_common", 1}}));
  publish(good(2, 1'000, {{"alarm_block", 1}}));
  stop();
  hub.remove(1);
  hub.remove(2);
  start();
  EXPECT_NE(open_alarms().find("alarm_shutdown"), std::string::npos);
  publish(good(1, 9'000, {{"alarm_shutdown", 1}, {"alarm_common", 1}}));
  publish(good(2, 9'000));
  const auto alarms = list({.kind = events::EventKind::alarm});
  ASSERT_EQ(alarms.size(), 2U);
  EXPECT_EQ(alarms[1].code, "alarm_shutdown");
  EXPECT_EQ(alarms[1].state, EventState::active);
  EXPECT_EQ(alarms[1].onset, at(1'000));
  EXPECT_EQ(alarms[0].state, EventState::returned);
  EXPECT_EQ(alarms[0].returned_at, at(9'000));
  stop();
}

TEST_P(EventServiceTest, ten_thousand_events_cost_the_event_loop_little_and_are_all_stored) {
  start();
  publish(good(1, 1'000));
  constexpr std::int64_t count = 10'000;
  const std::int64_t base = now_ms();
  auto longest = std::chrono::steady_clock::duration::zero();
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t index = 0; index < count; ++index) {
    const auto before = std::chrono::steady_clock::now();
    publish(good(1, base + index, {{"gen_status", index % 2 + 1}}));
    longest = std::max(longest, std::chrono::steady_clock::now() - before);
    context.poll();
  }
  RecordProperty("storm_ms",
                 static_cast<int>((std::chrono::steady_clock::now() - began) / std::chrono::milliseconds{1}));
  RecordProperty("longest_us", static_cast<int>(longest / std::chrono::microseconds{1}));
  run_until(
      [&] { return event_service->metrics().waiting == 0 && event_service->metrics().written >= count; });
  EXPECT_EQ(event_service->metrics().dropped, 0U);
  EXPECT_EQ(list({.kind = EventKind::status, .limit = 20'000}).size(), static_cast<std::size_t>(count));
  stop();
}

TEST_P(EventServiceTest, events_wait_for_an_unreachable_database_up_to_a_limit) {
  start();
  publish(good(1, 1'000));
  list();
  database.lose();
  run_until([&] { return !service->healthy(); });
  constexpr std::int64_t surplus = 50;
  const std::int64_t base = now_ms();  // older events would be pruned
  for (std::int64_t index = 0; index < static_cast<std::int64_t>(Recorder::waiting_events_max) + surplus;
       ++index)
    publish(good(1, base + index, {{"gen_status", index % 2 + 1}}));
  EXPECT_EQ(event_service->metrics().waiting, Recorder::waiting_events_max);
  EXPECT_EQ(event_service->metrics().dropped, static_cast<std::uint64_t>(surplus));
  std::optional<EventService::Acknowledged> result;
  event_service->acknowledge(1, "", [&](EventService::Acknowledged done) { result = std::move(done); });
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(std::get<AcknowledgeError>(*result), AcknowledgeError::unavailable);
  database.bring_back();
  run_until([&] {
    return event_service->metrics().waiting == 0 &&
           event_service->metrics().written > Recorder::waiting_events_max;
  });
  EXPECT_EQ(list({.kind = EventKind::status, .limit = 50'000}).size(), Recorder::waiting_events_max);
  stop();
}

TEST_P(EventServiceTest, events_wait_while_the_disk_is_full_and_the_registry_keeps_working) {
  if (GetParam() == Kind::sqlite) GTEST_SKIP() << "needs a disk: tests/e2e/test_bad_start.py";
  start();
  list();
  EXPECT_FALSE(event_service->is_refused());
  database.run_sql(
      "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE SQLSTATE ''53100''; "
      "END'");
  database.run_sql(
      "CREATE TRIGGER full_disk BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION full_disk()");
  const std::int64_t base = now_ms();
  publish(good(1, base));
  publish(good(1, base + 1, {{"alarm_block", 1}}));
  for (int times = 0; times < 3; ++times) EXPECT_EQ(list().size(), 1U);  // each call also tries to write it
  EXPECT_EQ(event_service->metrics().waiting, 1U);
  EXPECT_TRUE(event_service->is_refused());
  EXPECT_TRUE(service->healthy());
  EXPECT_FALSE(service->is_full()) << "no change of sites or devices was refused";
  const std::int64_t alarm = boost::json::parse(open_alarms()).at(0).at("id").as_int64();
  const auto acknowledged = [&] {
    std::optional<EventService::Acknowledged> result;
    event_service->acknowledge(alarm, "Anna",
                               [&](EventService::Acknowledged done) { result = std::move(done); });
    run_until([&] { return result.has_value(); });
    return std::holds_alternative<Event>(*result);
  };
  EXPECT_FALSE(acknowledged());
  database.run_sql("DROP TRIGGER full_disk ON events");
  run_until([&] { return event_service->metrics().waiting == 0; });
  EXPECT_EQ(list().size(), 2U);
  EXPECT_FALSE(event_service->is_refused());
  EXPECT_TRUE(acknowledged());
  EXPECT_EQ(event_service->metrics().dropped, 0U);
  stop();
}

TEST_P(EventServiceTest, events_that_a_constraint_refuses_are_dropped_and_later_ones_are_stored) {
  start();
  list();
  database.run_sql(GetParam() == Kind::sqlite
                       ? "CREATE TRIGGER no_modes BEFORE INSERT ON events WHEN NEW.code = 'mode_changed' "
                         "BEGIN SELECT RAISE(ABORT, 'no modes'); END"
                       : "ALTER TABLE events ADD CONSTRAINT no_modes CHECK (code <> 'mode_changed')");
  const std::int64_t base = now_ms();
  publish(good(1, base));
  publish(good(1, base + 1, {{"mode_auto", 0}, {"mode_manual", 1}}));
  run_until([&] { return event_service->metrics().dropped == 1; });
  EXPECT_EQ(event_service->metrics().waiting, 0U);
  publish(good(1, base + 2, {{"mode_auto", 0}, {"mode_manual", 1}, {"alarm_block", 1}}));
  run_until([&] { return event_service->metrics().written == 2; });
  EXPECT_EQ(list().front().code, "alarm_block");
  EXPECT_TRUE(service->healthy());
  stop();
}

TEST_P(EventServiceTest, journal_that_grows_fast_is_pruned_within_the_hour) {
  start({.retention = {.events = 1'000}});
  publish(good(1, now_ms(), {}));
  for (std::int64_t index = 1; index <= 3'000; ++index)
    publish(good(1, now_ms() + index, {{"gen_status", index % 2 + 1}}));
  const auto kept = [&] { return list({.limit = 10'000}).size(); };
  run_until([&] { return event_service->metrics().waiting == 0 && kept() <= 1'100; });
  EXPECT_GE(kept(), 1'000U);
  stop();
}

// Both read the same plant at the same times, so each change is an event in both.
TEST_P(EventServiceTest, two_daemons_on_one_database_use_no_id_twice_and_lose_no_event) {
  start();
  live::Hub other_hub;
  live::NotificationHub other_notices;
  registry::Service other_service(context.get_executor(), database.url(),
                                  std::make_shared<profile::Catalog>(profile::Catalog::built_in()));
  EventService other(context, other_hub, other_notices, other_service, {.version = "1.2.3"});
  other.start();
  run_until([&] { return other.metrics().recorded > 0; });
  constexpr std::int64_t readings = 3'000;
  const std::int64_t base = now_ms();
  for (std::int64_t index = 1; index <= readings; ++index) {
    for (live::Hub* one : {&hub, &other_hub}) {
      reading::Content content = good(1, base + index, {{"gen_status", index % 2 + 1}});
      content.seq = static_cast<std::uint64_t>(index);
      one->publish(reading::make_reading(std::move(content)));
    }
    if (index % 100 == 0)
      run_until([&] { return event_service->metrics().waiting < 1'000 && other.metrics().waiting < 1'000; });
  }
  const std::uint64_t each = event_service->metrics().recorded;
  EXPECT_GE(each, static_cast<std::uint64_t>(readings));
  EXPECT_EQ(other.metrics().recorded, each);
  run_until([&] { return event_service->metrics().written == each && other.metrics().written == each; });
  registry::Store store = registry::Store::create_or_open(database.address());
  EXPECT_EQ(read_events(store, {.limit = 3 * readings}).size(), 2 * each);
  other.stop();
  stop();
}

TEST_P(EventServiceTest, damaged_device_has_no_alarms) {
  start();
  publish(good(1, 1'000, {{"alarm_block", 1}}));
  database.lift_rules();
  database.run_sql("UPDATE devices SET poll_interval = 0 WHERE id = 1");
  run_until([&] { return !service->directory().devices.at(1).damage.empty(); });
  event_service->registry_changed({1});
  EXPECT_EQ(open_alarms(), "[]");
  stop();
}

TEST_P(EventServiceTest, deactivated_device_has_no_alarms) {
  start();
  publish(good(1, 1'000, {{"alarm_block", 1}}));
  bool done = false;
  service->update_device(1, body(R"({"is_active":false})"), [&](const auto&) { done = true; });
  run_until([&] { return done; });
  event_service->registry_changed({1});
  EXPECT_EQ(open_alarms(), "[]");
  stop();
}

TEST_P(EventServiceTest, stopping_gateway_is_no_outage) {
  start();
  publish(good(1, 1'000));
  event_service->stop();
  publish(offline(good(1, 1'000), 2'000, "gateway stopped"));
  EXPECT_EQ(event_service->metrics().recorded, 1U);
  stop();
}

}  // namespace
}  // namespace gensetd::events
