#include "stream_client.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

// Messages from a client: subscriptions, ping, resync, invalid ones, and how often it may request a snapshot.
namespace gensetd::stream {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

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

}  // namespace
}  // namespace gensetd::stream
