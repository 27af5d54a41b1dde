#include "stream_client.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

// What a client receives after given changes: snapshot, batches, heartbeat, removals, events.
namespace gensetd::stream {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

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

}  // namespace
}  // namespace gensetd::stream
