#include "stream_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

// Long messages are sent in pieces while devices change. In the end each client has the complete state.
namespace gensetd::stream {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

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
