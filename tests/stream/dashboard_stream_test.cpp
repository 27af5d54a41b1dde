#include "stream/dashboard_stream.hpp"

#include "profile/catalog.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

// Without sockets and real time: the next message after given changes, at a given time.
namespace gensetd::stream {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

const profile::Catalog& catalog() {
  static const profile::Catalog built_in = profile::Catalog::built_in();
  return built_in;
}

live::ReadingPtr reading_at(std::int64_t device_id, std::int64_t milliseconds_, bool online = true) {
  reading::Content content{.identity = {device_id, "MKZ", "generator"},
                           .profile = catalog().find("hgm9520n"),
                           .timestamp = reading::Timestamp{milliseconds{milliseconds_}},
                           .at = reading::SteadyTime{milliseconds{milliseconds_}},
                           .online = online,
                           .last_seen = reading::Timestamp{milliseconds{milliseconds_}},
                           .last_seen_at = reading::SteadyTime{milliseconds{milliseconds_}},
                           .seq = static_cast<std::uint64_t>(milliseconds_) + 1};
  content.values.assign(content.profile->fields.size(), std::int64_t{1});
  return reading::make_reading(std::move(content));
}

// A client of a hub with its own clock.
struct Client {
  explicit Client(std::shared_ptr<DashboardContext> source, Selection devices = std::nullopt)
      : stream(std::move(source), std::move(devices)) {
    stream.wake = [this] { ++wakes; };
    stream.begin();
  }

  // The next message as an object; {"nothing_due":ms} when there is none, or {"close":code}.
  json::object next() {
    NextMessage next = next_piece();
    if (const auto* message = std::get_if<OutgoingMessage>(&next)) {
      std::string text{message->view()};
      while (!std::get<OutgoingMessage>(next).is_complete) {
        next = next_piece();
        text += std::get<OutgoingMessage>(next).view();
      }
      if (text == "pong") return {{"type", "pong"}};
      return json::parse(text).as_object();
    }
    if (const auto* close = std::get_if<CloseFrame>(&next)) return {{"close", close->code}};
    const auto until = std::get<NothingDue>(next).until - steady;
    return {{"nothing_due", std::chrono::duration_cast<milliseconds>(until).count()}};
  }
  NextMessage next_piece() { return stream.next({steady, reading::Timestamp{milliseconds{1'000'000}}}); }
  std::string next_type() {
    const json::object message = next();
    return message.contains("type") ? std::string{message.at("type").as_string()} : json::serialize(message);
  }
  void pass(milliseconds time) { steady += time; }

  std::chrono::steady_clock::time_point steady{seconds{100}};
  int wakes = 0;
  DashboardStream stream;
};

class DashboardStreamTest : public testing::Test {
 protected:
  void notify_event(std::int64_t id, const std::string& text) {
    notices.notify_event({id, std::make_shared<const std::string>(text)});
  }

  static events::OpenAlarm alarm(std::int64_t id, std::string_view state = "active") {
    return {.position = {.priority = 1, .onset = {}, .id = id},
            .json = R"({"id":)" + std::to_string(id) + R"(,"state":")" + std::string{state} + R"("})"};
  }

  live::Hub hub;
  live::NotificationHub notices;
  std::vector<events::OpenAlarm> alarms{alarm(1)};
  std::shared_ptr<DashboardContext> source = std::make_shared<DashboardContext>(
      DashboardContext{.hub = hub,
                       .notices = notices,
                       .is_known = [](std::int64_t id) { return id <= 100; },
                       .alarms_after =
                           [this](const std::optional<events::AlarmPosition>& position) {
                             std::vector<events::OpenAlarm> found;
                             for (const auto& alarm : alarms) {
                               if ((!position || alarm.position > *position) && found.size() < 100)
                                 found.push_back(alarm);
                             }
                             return found;
                           },
                       .epoch = "e1",
                       .ui_version = "u1",
                       .poll_interval = 2.0});
};

std::vector<std::int64_t> ids_in(const json::object& message) {
  std::vector<std::int64_t> ids;
  for (const auto& entry : message.at("data").as_array())
    ids.push_back(entry.as_object().at("device_id").as_int64());
  std::ranges::sort(ids);
  return ids;
}

using Ids = std::vector<std::int64_t>;

TEST_F(DashboardStreamTest, begins_with_a_snapshot_of_all_devices_and_alarms) {
  hub.publish(reading_at(1, 1));
  hub.publish(reading_at(2, 1));
  Client client(source);
  const json::object message = client.next();
  EXPECT_EQ(message.at("type").as_string(), "snapshot");
  EXPECT_EQ(message.at("epoch").as_string(), "e1");
  EXPECT_EQ(message.at("seq").as_int64(), 1);
  EXPECT_EQ(message.at("server_time").as_string(), "1970-01-01T00:16:40.000Z");
  EXPECT_EQ(message.at("config_rev").as_int64(), 1);
  EXPECT_EQ(message.at("view").as_string(), "full");
  EXPECT_EQ(message.at("alarms").as_array().size(), 1U);
  EXPECT_EQ(ids_in(message), (Ids{1, 2}));
  const json::object& entry = message.at("data").as_array()[0].as_object();
  EXPECT_TRUE(entry.at("cadence_ms").is_null());
  EXPECT_EQ(entry.at("power_total").as_double(), 0.1);
}

// The client's steady clock is at 100 s; the wall clock of both times is far from it.
TEST_F(DashboardStreamTest, age_of_values_is_measured_by_the_steady_clock) {
  const auto age_of = [](const json::object& message, std::size_t entry) {
    return message.at("data").as_array().at(entry).as_object().at("age_ms");
  };
  hub.publish(reading_at(1, 98'500));
  reading::Content failed = *reading_at(2, 60'000)->content;
  failed.at = reading::SteadyTime{seconds{99}};
  failed.seq = 99'001;
  hub.publish(reading::make_reading(failed));
  reading::Content never = failed;
  never.identity.device_id = 3;
  never.last_seen.reset();
  never.last_seen_at.reset();
  hub.publish(reading::make_reading(never));
  // Of other processes: one without last_seen, and some with it.
  std::int64_t foreign_id = 4;
  for (const std::string more :
       {R"(,"online":true)", R"(,"last_seen": "2098-12-31T23:59:58.000Z")", R"(,"last_seen":null)",
        R"(,"last_seen":"2099-01-01T00:00:00.001Z")", R"(,"last_seen":"")"}) {
    std::string why;
    auto made =
        reading::parse_foreign(R"({"device_id":)" + std::to_string(foreign_id++) +
                                   R"(,"site_code":"Y","timestamp":"2099-01-01T00:00:00.000Z")" + more + '}',
                               reading::SteadyTime{seconds{97}}, why);
    ASSERT_TRUE(made) << why;
    hub.publish(std::move(made));
  }
  Client client(source);
  const json::object snapshot = client.next();
  EXPECT_EQ(age_of(snapshot, 0), 1'500);
  EXPECT_EQ(age_of(snapshot, 1), 40'000);
  EXPECT_TRUE(age_of(snapshot, 2).is_null());
  EXPECT_EQ(age_of(snapshot, 3), 3'000);
  EXPECT_EQ(age_of(snapshot, 4), 5'000);
  for (const std::size_t unknown : {5UL, 6UL, 7UL}) EXPECT_TRUE(age_of(snapshot, unknown).is_null());
  client.pass(milliseconds{500});
  hub.publish(reading_at(1, 100'100));
  EXPECT_EQ(age_of(client.next(), 0), 400);
}

TEST_F(DashboardStreamTest, batches_contain_the_newest_reading_of_each_device_at_the_requested_rate) {
  Client client(source);
  client.next();
  hub.publish(reading_at(1, 1));
  hub.publish(reading_at(2, 1));
  hub.publish(reading_at(1, 2));
  EXPECT_EQ(client.next_type(), R"({"nothing_due":200})");
  client.pass(milliseconds{200});
  const json::object batch = client.next();
  EXPECT_EQ(ids_in(batch), (Ids{1, 2}));
  EXPECT_EQ(batch.at("data").as_array()[0].as_object().at("timestamp").as_string(),
            "1970-01-01T00:00:00.002Z");
  EXPECT_EQ(batch.at("seq").as_int64(), 2);
  // After a pause a change is sent at once.
  client.pass(milliseconds{300});
  EXPECT_EQ(client.next_type(), R"({"nothing_due":4700})");
  hub.publish(reading_at(1, 3));
  EXPECT_EQ(client.next_type(), "batch");
}

TEST_F(DashboardStreamTest, is_woken_once_for_many_readings) {
  Client client(source);
  client.next();
  client.wakes = 0;
  for (int at = 1; at <= 50; ++at) hub.publish(reading_at(at % 5 + 1, at));
  EXPECT_EQ(client.wakes, 1);
}

TEST_F(DashboardStreamTest, large_batch_is_divided_and_the_rest_is_sent_at_once) {
  Client client(source);
  client.next();
  constexpr std::int64_t devices = 1'000;
  for (std::int64_t id = 1; id <= devices; ++id) hub.publish(reading_at(id, 1));
  client.pass(milliseconds{200});
  std::size_t sent = 0;
  std::size_t batches = 0;
  while (sent < devices) {
    const json::object batch = client.next();
    ASSERT_EQ(batch.at("type").as_string(), "batch");
    EXPECT_LT(json::serialize(batch).size(), text::piece_bytes + 8'192);
    sent += batch.at("data").as_array().size();
    ++batches;
  }
  EXPECT_GT(batches, 1U);
}

TEST_F(DashboardStreamTest, heartbeat_is_sent_after_five_seconds_without_a_message) {
  Client client(source);
  client.next();
  client.pass(milliseconds{4'999});
  EXPECT_EQ(client.next_type(), R"({"nothing_due":1})");
  client.pass(milliseconds{1});
  EXPECT_EQ(client.next_type(), "hb");
  EXPECT_EQ(client.next_type(), R"({"nothing_due":5000})");
}

TEST_F(DashboardStreamTest, removal_is_sent_at_once_and_before_a_new_reading_of_the_device) {
  hub.publish(reading_at(1, 1));
  Client client(source);
  client.next();
  hub.publish(reading_at(1, 2));
  hub.remove(1);
  hub.publish(reading_at(1, 3));
  const json::object removal = client.next();
  EXPECT_EQ(removal.at("type").as_string(), "removed");
  EXPECT_EQ(json::serialize(removal.at("device_ids")), "[1]");
  client.pass(milliseconds{200});
  EXPECT_EQ(ids_in(client.next()), Ids{1});
}

TEST_F(DashboardStreamTest, response_to_a_subscription_is_a_snapshot_of_the_selected_devices_and_view) {
  hub.publish(reading_at(1, 1));
  hub.publish(reading_at(2, 1));
  Client client(source);
  client.next();
  client.stream.received(R"({"type":"sub","devices":[2,7],"view":"overview","max_hz":0.5})");
  const json::object snapshot = client.next();
  EXPECT_EQ(ids_in(snapshot), Ids{2});
  EXPECT_EQ(snapshot.at("view").as_string(), "overview");
  const json::object& entry = snapshot.at("data").as_array()[0].as_object();
  EXPECT_TRUE(entry.contains("power_total"));
  EXPECT_TRUE(entry.contains("cadence_ms"));
  EXPECT_FALSE(entry.contains("power_a"));
  EXPECT_FALSE(entry.contains("run_hours"));
  hub.publish(reading_at(1, 2));
  EXPECT_EQ(client.next_type(), R"({"nothing_due":5000})");  // not selected
  hub.publish(reading_at(2, 2));
  EXPECT_EQ(client.next_type(), R"({"nothing_due":2000})");
}

TEST_F(DashboardStreamTest, invalid_messages_are_reported_and_change_nothing) {
  hub.publish(reading_at(1, 1));
  Client client(source);
  client.next();
  const std::map<std::string, std::string> mistakes = {
      {"hello", "malformed_json"},
      {"[1]", "malformed_json"},
      {"{}", "unknown_type"},
      {R"({"type":"sub","devices":[1,200]})", "unknown_device"},
      {R"({"type":"sub","devices":[0]})", "invalid_value"},
      {R"({"type":"sub","devices":"all"})", "invalid_value"},
      {R"({"type":"sub","view":"tiny"})", "invalid_value"},
      {R"({"type":"sub","max_hz":0.1})", "invalid_value"},
      {R"({"type":"sub","max_hz":21})", "invalid_value"},
      {R"({"type":"sub","max_hz":null})", "invalid_value"},
      {R"({"type":"sub","device":[1]})", "unknown_field"},
      {R"({"type":"resync","now":true})", "unknown_field"},
  };
  for (const auto& [text, code] : mistakes) {
    client.stream.received(text);
    const json::object response = client.next();
    ASSERT_TRUE(response.contains("code")) << text << json::serialize(response);
    EXPECT_EQ(response.at("type").as_string(), "error") << text;
    EXPECT_EQ(response.at("code").as_string(), code) << text;
    EXPECT_FALSE(response.contains("seq"));
  }
  client.stream.received_binary();
  EXPECT_EQ(client.next().at("code").as_string(), "not_text");
  EXPECT_EQ(client.next_type(), R"({"nothing_due":5000})");
}

TEST_F(DashboardStreamTest, client_with_too_many_invalid_messages_is_closed_with_a_reason) {
  Client client(source);
  client.next();
  for (std::size_t count = 0; count < DashboardStream::errors_pending_max + 5; ++count)
    client.stream.received("nonsense");
  std::size_t responses = 0;
  while (client.next_type() == "error") ++responses;
  EXPECT_EQ(responses, DashboardStream::errors_pending_max);
  EXPECT_EQ(client.next_type(), R"({"close":1008})");
}

TEST_F(DashboardStreamTest, response_to_ping_is_one_pong_and_to_resync_a_snapshot) {
  Client client(source);
  client.next();
  client.stream.received("ping");
  client.stream.received("ping");
  client.stream.received(R"({"type":"resync"})");
  EXPECT_EQ(client.next_type(), "pong");
  EXPECT_EQ(client.next_type(), "snapshot");
  EXPECT_EQ(client.next_type(), R"({"nothing_due":5000})");
}

TEST_F(DashboardStreamTest, events_and_registry_changes_are_sent_at_once) {
  Client client(source);
  client.next();
  notify_event(5, R"({"id":5,"state":"active"})");
  notify_event(7, R"({"id":7})");
  notify_event(5, R"({"id":5,"state":"returned"})");
  notices.notify_registry_change();
  const json::object first = client.next();
  EXPECT_EQ(json::serialize(first.at("event")), R"({"id":5,"state":"returned"})");
  EXPECT_EQ(json::serialize(client.next().at("event")), R"({"id":7})");
  const json::object config = client.next();
  EXPECT_EQ(config.at("type").as_string(), "config");
  EXPECT_EQ(config.at("config_rev").as_int64(), 2);
}

TEST_F(DashboardStreamTest, events_are_sent_in_the_order_in_which_they_began) {
  Client client(source);
  client.next();
  for (const std::int64_t id : {9, 2, 5}) notify_event(id, R"({"id":)" + std::to_string(id) + "}");
  notify_event(9, R"({"id":9,"state":"returned"})");
  EXPECT_EQ(json::serialize(client.next().at("event")), R"({"id":9,"state":"returned"})");
  EXPECT_EQ(json::serialize(client.next().at("event")), R"({"id":2})");
  EXPECT_EQ(json::serialize(client.next().at("event")), R"({"id":5})");
}

TEST_F(DashboardStreamTest, too_many_events_are_replaced_by_at_most_one_snapshot_a_second) {
  Client client(source);
  client.next();
  for (std::int64_t id = 1; id <= 10'000; ++id) notify_event(id, "{}");
  EXPECT_EQ(client.next_type(), R"({"nothing_due":1000})");
  client.pass(seconds{1});
  EXPECT_EQ(client.next_type(), "snapshot");
  notify_event(20'000, "{}");
  EXPECT_EQ(client.next_type(), "event");
}

TEST_F(DashboardStreamTest, pending_messages_are_due_at_once_after_flush) {
  Client client(source);
  client.next();
  hub.publish(reading_at(1, 1));
  client.stream.flush();
  EXPECT_EQ(client.next_type(), "batch");
}

TEST_F(DashboardStreamTest, cadence_is_the_median_interval) {
  Client client(source);
  client.next();
  for (const std::int64_t at : {0, 2'000, 4'000, 5'900, 12'000, 14'001}) hub.publish(reading_at(1, at));
  client.pass(milliseconds{200});
  EXPECT_EQ(client.next().at("data").as_array()[0].as_object().at("cadence_ms").as_int64(), 2'000);
}

TEST_F(DashboardStreamTest, pieces_of_a_snapshot_contain_the_newest_readings_when_the_client_takes_them) {
  constexpr std::int64_t devices = 100;
  for (std::int64_t id = 1; id <= devices; ++id) hub.publish(reading_at(id, 1));
  Client client(source);
  const auto first = std::get<OutgoingMessage>(client.next_piece());
  EXPECT_FALSE(first.is_complete);
  EXPECT_LT(first.text.size(), text::piece_bytes + 8'192);
  EXPECT_NE(first.text.find(R"("device_id":1,)"), std::string::npos);
  EXPECT_EQ(first.text.find(R"("device_id":100,)"), std::string::npos);
  hub.publish(reading_at(1, 2));    // already sent: follows the snapshot
  hub.publish(reading_at(100, 2));  // not sent yet: is in the snapshot
  hub.remove(2);
  hub.remove(99);
  client.stream.received("ping");  // the response must not be inside the snapshot
  client.pass(milliseconds{1'500});
  std::string text = first.text;
  for (bool is_complete = false; !is_complete;) {
    const auto piece = std::get<OutgoingMessage>(client.next_piece());
    EXPECT_LT(piece.text.size(), text::piece_bytes + 8'192);
    is_complete = piece.is_complete;
    text += piece.text;
  }
  const json::object snapshot = json::parse(text).as_object();
  EXPECT_EQ(snapshot.at("seq").as_int64(), 1);
  EXPECT_EQ(snapshot.at("sending_ms").as_int64(), 1'500);
  EXPECT_EQ(snapshot.at("server_time").as_string(), "1970-01-01T00:16:40.000Z");
  const json::array& entries = snapshot.at("data").as_array();
  EXPECT_EQ(entries.size(), 99U) << "2 was sent before it was removed, 99 was not";
  EXPECT_EQ(entries.back().as_object().at("timestamp").as_string(), "1970-01-01T00:00:00.002Z");
  EXPECT_EQ(client.next_type(), "pong");
  EXPECT_EQ(json::serialize(client.next().at("device_ids")), "[2]");
  client.pass(milliseconds{200});
  EXPECT_EQ(ids_in(client.next()), Ids{1});
  EXPECT_EQ(client.next_type(), R"({"nothing_due":5000})");
}

TEST_F(DashboardStreamTest, client_that_reads_nothing_keeps_one_piece_and_no_old_reading) {
  constexpr std::int64_t devices = 200;
  std::vector<std::weak_ptr<const reading::Reading>> old;
  for (std::int64_t id = 1; id <= devices; ++id) {
    hub.publish(reading_at(id, 1));
    old.push_back(hub.newest(id));
  }
  Client client(source);
  const NextMessage held = client.next_piece();
  EXPECT_LT(std::get<OutgoingMessage>(held).text.capacity(), 2 * text::piece_bytes);
  for (std::int64_t at = 2; at <= 3; ++at) {
    for (std::int64_t id = 1; id <= devices; ++id) hub.publish(reading_at(id, at));
  }
  for (const auto& reading : old) EXPECT_TRUE(reading.expired());
}

TEST_F(DashboardStreamTest, alarms_of_a_snapshot_are_sent_in_pieces_and_each_event_once) {
  alarms.clear();
  for (std::int64_t id = 1; id <= 5'000; ++id) alarms.push_back(alarm(id));
  Client client(source);
  std::string text = std::get<OutgoingMessage>(client.next_piece()).text;
  EXPECT_LT(text.size(), 2 * text::piece_bytes);
  alarms.back() = alarm(5'000, "returned");
  notify_event(5'000, alarms.back().json);  // a later piece contains it
  notify_event(1, R"({"id":1,"state":"closed"})");
  alarms.erase(alarms.begin());
  for (bool is_complete = false; !is_complete;) {
    const auto piece = std::get<OutgoingMessage>(client.next_piece());
    is_complete = piece.is_complete;
    text += piece.text;
  }
  const json::array sent = json::parse(text).as_object().at("alarms").as_array();
  ASSERT_EQ(sent.size(), 5'000U);
  EXPECT_EQ(sent.back().as_object().at("state").as_string(), "returned");
  EXPECT_EQ(json::serialize(client.next().at("event")), R"({"id":1,"state":"closed"})");
  EXPECT_EQ(client.next_type(), R"({"nothing_due":5000})");
}

TEST_F(DashboardStreamTest, requested_snapshots_are_sent_at_a_limited_rate) {
  hub.publish(reading_at(1, 1));
  hub.publish(reading_at(2, 1));
  Client client(source);
  const auto request = [&] {
    client.stream.received(R"({"type":"resync"})");
    client.stream.received(R"({"type":"sub","devices":[1]})");
    client.stream.received(R"({"type":"sub","max_hz":20})");  // keeps the devices of the previous one
  };
  int snapshots = 0;
  for (request(); client.next_type() == "snapshot"; request()) ++snapshots;
  EXPECT_GE(snapshots, 20) << "small ones: a user who changes pages does not wait";
  EXPECT_LE(snapshots, 101);
  hub.publish(reading_at(1, 2));
  client.stream.received("ping");
  EXPECT_EQ(client.next_type(), "pong");
  EXPECT_EQ(client.next_type(), R"({"nothing_due":100})")
      << "nothing is sent between the request and its snapshot";
  client.pass(milliseconds{100});
  EXPECT_EQ(ids_in(client.next()), Ids{1});
  EXPECT_EQ(client.next_type(), R"({"nothing_due":5000})");
  for (snapshots = 0, request(); client.next_type() == "snapshot"; request()) ++snapshots;
  EXPECT_EQ(snapshots, 0);
  client.stream.flush();
  EXPECT_EQ(client.next_type(), "snapshot");
}

TEST_F(DashboardStreamTest, large_requested_snapshots_cost_more_time) {
  constexpr std::int64_t devices = 2'000;
  for (std::int64_t id = 1; id <= devices; ++id) hub.publish(reading_at(id, 1));
  Client client(source);
  int snapshots = 0;
  do {
    client.stream.received(R"({"type":"resync"})");
    ++snapshots;
  } while (client.next_type() == "snapshot");
  EXPECT_GE(snapshots, 3) << "the first, one for a subscription, and one after a gap";
  EXPECT_LE(snapshots, 20);
}

TEST_F(DashboardStreamTest, close_may_be_sent_between_two_pieces) {
  for (std::int64_t id = 1; id <= 100; ++id) hub.publish(reading_at(id, 1));
  Client client(source);
  client.next_piece();
  for (std::size_t count = 0; count < DashboardStream::errors_pending_max + 1; ++count)
    client.stream.received("nonsense");
  EXPECT_EQ(std::get<CloseFrame>(client.next_piece()).code, 1008);
}

// A client takes pieces at random times while devices are added, removed and changed. In the end it has the
// state of the hub, and it never receives a reading twice or out of order.
TEST_F(DashboardStreamTest, no_reading_is_lost_or_sent_twice_between_the_pieces_of_snapshots) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Client client(source);
  std::map<std::int64_t, std::string> shown;
  std::int64_t at = 0;
  std::string text;
  const auto take = [&](const OutgoingMessage& piece) {
    text += piece.view();
    if (!piece.is_complete) return;
    const json::object message = json::parse(text).as_object();
    text.clear();
    if (message.at("type").as_string() == "snapshot") shown.clear();
    if (const json::value* ids = message.if_contains("device_ids")) {
      for (const auto& id : ids->as_array()) shown.erase(id.as_int64());
    }
    if (const json::value* data = message.if_contains("data")) {
      for (const auto& entry : data->as_array()) {
        const json::object& reading = entry.as_object();
        std::string& last = shown[reading.at("device_id").as_int64()];
        const std::string now{reading.at("timestamp").as_string()};
        ASSERT_LT(last, now);
        last = now;
      }
    }
  };
  for (int turn = 0; turn < 20'000; ++turn) {
    const auto device = static_cast<std::int64_t>(random() % 150 + 1);
    if (random() % 8 == 0) {
      hub.remove(device);
    } else {
      hub.publish(reading_at(device, ++at));
    }
    if (random() % 400 == 0) client.stream.received(R"({"type":"resync"})");
    if (random() % 4 == 0) client.pass(milliseconds{100});
    if (random() % 2 == 0) continue;
    const NextMessage next = client.next_piece();
    if (const auto* piece = std::get_if<OutgoingMessage>(&next)) take(*piece);
  }
  client.pass(seconds{5});
  for (NextMessage next = client.next_piece(); std::holds_alternative<OutgoingMessage>(next);
       next = client.next_piece()) {
    take(std::get<OutgoingMessage>(next));
    client.pass(milliseconds{200});
  }
  std::map<std::int64_t, std::string> held;
  for (const auto& reading : hub.all())
    held.emplace(reading->device_id, reading::print_timestamp(reading->timestamp));
  EXPECT_EQ(shown, held);
}

// The state of a client as its page keeps it.
struct PageState {
  std::map<std::int64_t, std::string> devices;
  std::uint64_t seq = 0;
  bool lost_track = false;

  void take(const json::object& message) {
    const std::string type{message.at("type").as_string()};
    const auto seq_now = static_cast<std::uint64_t>(message.at("seq").as_int64());
    if (type != "snapshot" && seq_now != seq + 1) lost_track = true;
    seq = seq_now;
    if (type == "snapshot") {
      devices.clear();
      lost_track = false;
    }
    if (type == "removed") {
      for (const auto& id : message.at("device_ids").as_array()) devices.erase(id.as_int64());
    }
    if (!message.contains("data")) return;
    for (const auto& entry : message.at("data").as_array())
      devices[entry.as_object().at("device_id").as_int64()] = json::serialize(entry);
  }
};

TEST_F(DashboardStreamTest, client_that_loses_messages_recovers_the_complete_state) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Client whole(source);
  Client lossy(source);
  PageState whole_page;
  PageState lossy_page;
  std::int64_t at = 0;
  const auto deliver = [&](Client& client, PageState& page, bool may_lose) {
    for (;;) {
      const json::object message = client.next();
      if (message.contains("nothing_due")) return;
      if (may_lose && random() % 3 == 0) continue;
      page.take(message);
      if (page.lost_track) client.stream.received(R"({"type":"resync"})");
    }
  };
  for (int turn = 0; turn < 2'000; ++turn) {
    const auto device = static_cast<std::int64_t>(random() % 20 + 1);
    if (random() % 10 == 0) {
      hub.remove(device);
    } else {
      hub.publish(reading_at(device, ++at, random() % 2 == 0));
    }
    if (random() % 4 == 0) {
      whole.pass(milliseconds{100});
      lossy.pass(milliseconds{100});
    }
    if (random() % 2 == 0) deliver(whole, whole_page, false);
    if (random() % 3 == 0) deliver(lossy, lossy_page, true);
  }
  // The next message that arrives reveals the gap: a heartbeat at the latest.
  for (Client* client : {&whole, &lossy}) client->pass(seconds{6});
  deliver(whole, whole_page, false);
  deliver(lossy, lossy_page, false);
  lossy.pass(seconds{6});
  deliver(lossy, lossy_page, false);
  ASSERT_EQ(lossy_page.devices.size(), hub.all().size());
  for (const auto& reading : hub.all()) {
    const std::string& shown = lossy_page.devices.at(reading->device_id);
    EXPECT_NE(shown.find(reading::print_timestamp(reading->timestamp)), std::string::npos);
    EXPECT_EQ(json::parse(shown).as_object().at("online"),
              json::parse(whole_page.devices.at(reading->device_id)).as_object().at("online"));
  }
  EXPECT_EQ(whole_page.devices.size(), lossy_page.devices.size());
}

}  // namespace
}  // namespace gensetd::stream
