#include "simulator/foreign_frames.hpp"

#include "modbus/tcp_frame.hpp"
#include "simulator/deliveries.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace gensetd::simulator {
namespace {

// How many good frames with another transaction id stand before our response, which must be the rest.
int foreign_before_on_tcp(std::span<const std::uint8_t> left) {
  for (int foreign = 0;; ++foreign) {
    const modbus::ResponseParse seen = modbus::parse_tcp_response(request, 9, left);
    if (const auto* response = std::get_if<modbus::Response>(&seen)) {
      EXPECT_EQ(Bytes(response->data.begin(), response->data.end()), (Bytes{0, 1, 0, 2}));
      EXPECT_EQ(response->length, left.size());
      return foreign;
    }
    const auto* other = std::get_if<modbus::Mismatched>(&seen);
    if (other == nullptr || other->why != modbus::Mismatch::transaction_id) {
      ADD_FAILURE() << "neither ours nor a late one: " << testing::PrintToString(left);
      return foreign;
    }
    left = left.subspan(other->length);
  }
}

TEST(ForeignFrames, foreign_frame_is_valid_and_distinguishable_from_the_clients_response) {
  std::set<std::size_t> frames_seen;
  deliver_many({.foreign = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    EXPECT_EQ(d.segments.size(), 2U);
    const Bytes bytes = joined(d);
    const auto frames = rtu_frames(bytes);
    frames_seen.insert(frames.size());
    EXPECT_EQ(std::ranges::count_if(frames, is_ours_by_shape), 1);
    EXPECT_TRUE(is_ours_by_shape(frames.back()) && has_our_values(frames.back()));
  });
  EXPECT_EQ(frames_seen, (std::set<std::size_t>{2, 3})) << "with and without the other master's request";
  deliver_many({.foreign = 1}, Protocol::tcp,
               [&](const Delivery& d) { EXPECT_EQ(foreign_before_on_tcp(joined(d)), 1); });
}

// What a client sees of our unit's responses with our byte count, in their order: 'o' is ours, 'x' other
// registers', 'r' a request for other registers before it.
std::string shapes_of(const Delivery& delivery) {
  std::string shapes;
  const Bytes bytes = joined(delivery);
  for (const modbus::RtuFrame& frame : rtu_frames(bytes)) {
    if (frame.kind == modbus::RtuFrame::Kind::request) {
      EXPECT_TRUE(frame.unit_id == 3 && frame.count == 2 && frame.first != 0);
      shapes += 'r';
    } else {
      EXPECT_TRUE(is_ours_by_shape(frame));
      shapes += has_our_values(frame) ? 'o' : 'x';
    }
  }
  return shapes;
}

TEST(ForeignFrames, lookalike_comes_before_after_or_instead_of_ours_with_its_request_or_without) {
  struct Row {
    LookalikePosition place;
    double request;
    std::string shapes;
  };
  const Row rows[] = {{LookalikePosition::before, 0, "xo"}, {LookalikePosition::after, 0, "ox"},
                      {LookalikePosition::instead, 0, "x"}, {LookalikePosition::before, 1, "rxo"},
                      {LookalikePosition::after, 1, "orx"}, {LookalikePosition::instead, 1, "rx"}};
  for (const Row& row : rows) {
    const LineFaults faults{
        .lookalike = 1, .lookalike_position = row.place, .lookalike_request = row.request};
    deliver_many(faults, Protocol::rtu_over_tcp,
                 [&](const Delivery& d) { EXPECT_EQ(shapes_of(d), row.shapes); });
  }
  std::set<std::string> seen;
  deliver_many({.lookalike = 1}, Protocol::rtu_over_tcp,
               [&](const Delivery& d) { seen.insert(shapes_of(d)); });
  EXPECT_EQ(seen, (std::set<std::string>{"xo", "ox", "x", "rxo", "orx", "rx"}));
}

TEST(ForeignFrames, ours_comes_whole_and_in_time_when_a_lookalike_comes_before_or_after_it) {
  const LineFaults faults{.silence = 1,
                          .late = 1,
                          .doubled = 1,
                          .wrong_crc = 1,
                          .garbage = 1,
                          .lookalike = 1,
                          .lookalike_position = LookalikePosition::before,
                          .lookalike_request = 0};
  deliver_many(faults, Protocol::rtu_over_tcp, [](const Delivery& d) {
    EXPECT_EQ(shapes_of(d), "xo");
    EXPECT_TRUE(d.late.empty());
  });
}

TEST(ForeignFrames, lookalike_on_modbus_tcp_has_another_transaction_id) {
  const LineFaults faults{.lookalike = 1, .lookalike_position = LookalikePosition::before};
  deliver_many(faults, Protocol::tcp,
               [](const Delivery& d) { EXPECT_EQ(foreign_before_on_tcp(joined(d)), 1); });
}

}  // namespace
}  // namespace gensetd::simulator
