#include "stream/specification_stream.hpp"

#include "reading/reading.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

// Without sockets: the next message after given changes.
namespace gensetd::stream {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

live::ReadingPtr reading_at(std::int64_t device_id, std::int64_t milliseconds_) {
  const reading::Timestamp timestamp{milliseconds{milliseconds_}};
  std::string why;
  return reading::parse_foreign(
      R"({"device_id":)" + std::to_string(device_id) + R"(,"site_code":"MKZ","timestamp":")" +
          reading::print_timestamp(timestamp) + R"(","filling":")" + std::string(1'500, 'x') + "\"}",
      reading::SteadyTime{timestamp.time_since_epoch()}, why);
}

class SpecificationStreamTest : public testing::Test {
 protected:
  NextMessage next() { return stream.next(ClockPair::now()); }

  live::Hub hub;
  SpecificationStream stream{hub, std::nullopt};
};

TEST_F(SpecificationStreamTest, snapshot_of_few_devices_is_one_piece) {
  hub.publish(reading_at(1, 1));
  hub.publish(reading_at(2, 1));
  stream.begin();
  const auto snapshot = std::get<OutgoingMessage>(next());
  EXPECT_TRUE(snapshot.is_complete);
  EXPECT_EQ(snapshot.text,
            R"({"type":"snapshot","data":[)" + hub.newest(1)->json + "," + hub.newest(2)->json + "]}");
  EXPECT_TRUE(std::holds_alternative<NothingDue>(next()));
}

TEST_F(SpecificationStreamTest, snapshot_of_no_device_is_empty) {
  stream.begin();
  EXPECT_EQ(std::get<OutgoingMessage>(next()).text, R"({"type":"snapshot","data":[]})");
}

TEST_F(SpecificationStreamTest, snapshot_of_a_selection_has_the_selected_devices) {
  for (std::int64_t id = 1; id <= 9; ++id) hub.publish(reading_at(id, 1));
  SpecificationStream selected(hub, std::set<std::int64_t>{9, 4, 12});
  selected.begin();
  const auto snapshot = std::get<OutgoingMessage>(selected.next(ClockPair::now()));
  EXPECT_EQ(snapshot.text,
            R"({"type":"snapshot","data":[)" + hub.newest(4)->json + "," + hub.newest(9)->json + "]}");
  selected.end();
}

TEST_F(SpecificationStreamTest, long_snapshot_is_sent_in_pieces_and_keeps_no_old_reading) {
  constexpr std::int64_t devices = 1'000;
  std::vector<std::weak_ptr<const reading::Reading>> old;
  for (std::int64_t id = 1; id <= devices; ++id) {
    hub.publish(reading_at(id, 1));
    old.push_back(hub.newest(id));
  }
  stream.begin();
  const auto piece = std::get<OutgoingMessage>(next());
  EXPECT_FALSE(piece.is_complete);
  EXPECT_LT(piece.text.capacity(), 2 * text::piece_bytes);
  for (std::int64_t id = 1; id <= devices; ++id) hub.publish(reading_at(id, 2));
  for (const auto& reading : old) EXPECT_TRUE(reading.expired());
}

// The client takes a piece at random times.
TEST_F(SpecificationStreamTest, no_reading_is_lost_or_sent_twice_between_the_pieces_of_a_snapshot) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::int64_t at = 0;
  const auto change = [&] {
    const auto id = static_cast<std::int64_t>(random() % 300 + 1);
    if (random() % 8 == 0) {
      hub.remove(id);
    } else {
      hub.publish(reading_at(id, ++at));
    }
  };
  for (int round = 0; round < 20; ++round) {
    for (int turn = 0; turn < 1'000; ++turn) change();
    SpecificationStream client(hub, std::nullopt);
    client.begin();
    std::map<std::int64_t, std::string> shown;
    std::string text;
    bool is_snapshot = true;
    const auto show = [&](const json::object& reading) {
      std::string& last = shown[reading.at("device_id").as_int64()];
      const std::string now{reading.at("timestamp").as_string()};
      ASSERT_LT(last, now);
      last = now;
    };
    for (int turn = 0;; ++turn) {
      if (turn < 200) {
        for (auto count = random() % 40; count > 0; --count) change();
        if (random() % 2 == 0) client.received("ping");
      }
      const NextMessage next = client.next(ClockPair::now());
      const auto* piece = std::get_if<OutgoingMessage>(&next);
      if (piece == nullptr && turn >= 200) break;
      if (piece == nullptr) continue;
      text += piece->view();
      if (!piece->is_complete) continue;
      if (text != "pong") {
        const json::object message = json::parse(text).as_object();
        if (std::exchange(is_snapshot, false)) {
          for (const auto& reading : message.at("data").as_array()) show(reading.as_object());
        } else {
          show(message);
        }
      }
      text.clear();
    }
    for (const auto& reading : hub.all())
      EXPECT_EQ(shown[reading->device_id], reading::print_timestamp(reading->timestamp));
    client.end();
  }
}

}  // namespace
}  // namespace gensetd::stream
