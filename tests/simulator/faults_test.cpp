#include "simulator/faults.hpp"

#include "modbus/crc.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace gensetd::simulator {
namespace {

using modbus::Protocol;
using std::chrono::milliseconds;

constexpr int rounds = 500;
constexpr std::uint16_t unlike_ours = 0x4321;
const modbus::ReadRequest request{.unit_id = 3, .first = 0, .count = 2};
const Bytes rtu_answer = with_crc({3, 3, 4, 0, 1, 0, 2});
const Bytes tcp_answer{0, 9, 0, 0, 0, 7, 3, 3, 4, 0, 1, 0, 2};

// What unit 3 has: ours in registers 0 and 1, and something else everywhere else.
const RegisterBank& registers() {
  static const RegisterBank bank = [] {
    RegisterBank filled(profile::Profile{});
    for (std::uint16_t address = 2; address < RegisterBank::size; ++address) filled.put(address, unlike_ours);
    filled.put(0, 1);
    filled.put(1, 2);
    return filled;
  }();
  return bank;
}

Bytes joined(const Delivery& delivery) {
  Bytes all;
  for (const Segment& segment : delivery.segments)
    all.insert(all.end(), segment.bytes.begin(), segment.bytes.end());
  return all;
}

Undelivered undelivered(Protocol protocol) {
  return {.protocol = protocol,
          .answer = protocol == Protocol::tcp ? tcp_answer : rtu_answer,
          .read = request,
          .registers = &registers()};
}

// The frames that a client cuts from an RTU stream, with the gaps of garbage left out.
std::vector<modbus::RtuFrame> rtu_frames(std::span<const std::uint8_t> bytes) {
  std::vector<modbus::RtuFrame> frames;
  while (!bytes.empty()) {
    const modbus::RtuCut cut = modbus::cut_rtu(bytes, true);
    if (const auto* frame = std::get_if<modbus::RtuFrame>(&cut)) {
      frames.push_back(*frame);
      bytes = bytes.subspan(frame->length);
    } else {
      bytes = bytes.subspan(1);
    }
  }
  return frames;
}

bool is_ours_by_shape(const modbus::RtuFrame& frame) {
  return frame.kind == modbus::RtuFrame::Kind::answer && frame.unit_id == request.unit_id &&
         frame.count == request.count;
}

bool has_our_values(const modbus::RtuFrame& frame) {
  return Bytes(frame.registers.begin(), frame.registers.end()) == Bytes{0, 1, 0, 2};
}

// Calls `look` with what becomes of many answers.
template <class Look>
void deliver_many(const Faults& faults, Protocol protocol, const Look& look) {
  FaultMaker maker(faults, 1);
  for (int round = 0; round < rounds; ++round) look(maker.deliver(undelivered(protocol)));
}

TEST(Faults, without_any_the_answer_goes_as_it_is) {
  deliver_many({}, Protocol::rtu_over_tcp, [](const Delivery& delivery) {
    ASSERT_EQ(delivery.segments.size(), 1U);
    EXPECT_EQ(delivery.segments[0].bytes, rtu_answer);
    EXPECT_EQ(delivery.delay.count() + delivery.segments[0].pause.count(), 0);
    EXPECT_FALSE(delivery.reset || delivery.hang || delivery.hold);
    EXPECT_TRUE(delivery.late.empty());
  });
}

TEST(Faults, silence_reset_hang_delay_and_late_do_what_they_say) {
  deliver_many({.silence = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_TRUE(d.segments.empty() && !d.reset); });
  deliver_many({.reset = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_TRUE(d.reset && d.segments.empty()); });
  deliver_many({.hang = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_TRUE(d.hang && d.segments.empty() && d.late.empty()); });
  deliver_many({.delay = milliseconds{40}}, Protocol::tcp, [](const Delivery& d) {
    EXPECT_EQ(d.delay.count(), 40);
    EXPECT_EQ(joined(d), tcp_answer);
  });
  deliver_many({.late = 1, .late_by = milliseconds{700}}, Protocol::tcp, [](const Delivery& d) {
    EXPECT_TRUE(d.segments.empty());
    ASSERT_EQ(d.late.size(), 1U);
    EXPECT_EQ(d.late[0].after.count(), 700);
    EXPECT_EQ(d.late[0].bytes, tcp_answer);
  });
}

TEST(Faults, late_answers_are_spread_over_the_whole_range) {
  std::set<std::int64_t> delays;
  const Faults faults{.late = 1, .late_by = milliseconds{200}, .late_spread = milliseconds{50}};
  deliver_many(faults, Protocol::rtu_over_tcp,
               [&](const Delivery& d) { delays.insert(d.late[0].after.count()); });
  EXPECT_EQ(*delays.begin(), 200);
  EXPECT_EQ(*delays.rbegin(), 250);
  EXPECT_GT(delays.size(), 45U);
}

TEST(Faults, doubled_answer_comes_twice_at_once_or_a_while_later) {
  int at_once = 0;
  deliver_many({.doubled = 1, .doubled_by = milliseconds{400}}, Protocol::rtu_over_tcp,
               [&](const Delivery& d) {
                 EXPECT_EQ(joined(d), rtu_answer);
                 ASSERT_EQ(d.late.size(), 1U);
                 EXPECT_EQ(d.late[0].bytes, rtu_answer);
                 EXPECT_LE(d.late[0].after.count(), 400);
                 at_once += d.late[0].after.count() == 0;
               });
  EXPECT_NEAR(at_once, rounds / 2, rounds / 8);
}

TEST(Faults, late_answer_that_is_doubled_comes_twice_late) {
  const Faults faults{.late = 1, .late_by = milliseconds{700}, .doubled = 1};
  deliver_many(faults, Protocol::rtu_over_tcp, [](const Delivery& d) {
    EXPECT_TRUE(d.segments.empty());
    ASSERT_EQ(d.late.size(), 2U);
    EXPECT_EQ(d.late[0].bytes, d.late[1].bytes);
    EXPECT_GE(d.late[1].after, d.late[0].after);
  });
}

TEST(Faults, split_answer_comes_in_parts_with_pauses_and_is_whole) {
  std::set<std::size_t> parts;
  deliver_many({.split = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    EXPECT_EQ(joined(d), rtu_answer);
    parts.insert(d.segments.size());
    for (std::size_t index = 0; index < d.segments.size(); ++index) {
      EXPECT_FALSE(d.segments[index].bytes.empty());
      if (index > 0) {
        EXPECT_GE(d.segments[index].pause.count(), 2);
      }
    }
  });
  EXPECT_EQ(parts, (std::set<std::size_t>{2, 3, 4}));
}

TEST(Faults, merged_answer_is_held_back_or_has_a_foreign_frame_behind_it) {
  int held = 0;
  deliver_many({.merge = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    ASSERT_EQ(d.segments.size(), 1U);
    const Bytes& bytes = d.segments[0].bytes;
    ASSERT_GE(bytes.size(), rtu_answer.size());
    EXPECT_TRUE(std::equal(rtu_answer.begin(), rtu_answer.end(), bytes.begin()));
    EXPECT_EQ(d.hold, bytes.size() == rtu_answer.size());
    if (d.hold) ++held;
  });
  EXPECT_NEAR(held, rounds / 2, rounds / 8);
}

TEST(Faults, wrong_crc_is_wrong_on_a_line_and_nothing_on_modbus_tcp) {
  deliver_many({.wrong_crc = 1}, Protocol::rtu_over_tcp, [](const Delivery& d) {
    const Bytes bytes = joined(d);
    EXPECT_EQ(bytes.size(), rtu_answer.size());
    EXPECT_NE(modbus::crc16(bytes), 0);
  });
  deliver_many({.wrong_crc = 1}, Protocol::tcp, [](const Delivery& d) { EXPECT_EQ(joined(d), tcp_answer); });
}

TEST(Faults, exception_is_a_good_frame_that_refuses_the_request) {
  std::set<int> codes;
  deliver_many({.exception = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    const Bytes bytes = joined(d);
    const auto frames = rtu_frames(bytes);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].kind, modbus::RtuFrame::Kind::exception);
    EXPECT_EQ(frames[0].unit_id, 3);
    codes.insert(frames[0].exception);
  });
  EXPECT_EQ(codes, (std::set<int>{4, 6}));
  deliver_many({.exception = 1}, Protocol::tcp, [&](const Delivery& d) {
    const Bytes bytes = joined(d);
    EXPECT_TRUE(std::holds_alternative<modbus::Refused>(modbus::assemble_tcp(request, 9, bytes)));
  });
}

TEST(Faults, wrong_unit_is_a_good_frame_of_another) {
  deliver_many({.wrong_unit = 1}, Protocol::rtu_over_tcp,
               [](const Delivery& d) { EXPECT_EQ(joined(d), with_crc({4, 3, 4, 0, 1, 0, 2})); });
  deliver_many({.wrong_unit = 1}, Protocol::tcp, [](const Delivery& d) {
    EXPECT_EQ(joined(d), (Bytes{0, 9, 0, 0, 0, 7, 4, 3, 4, 0, 1, 0, 2}));
  });
}

TEST(Faults, garbage_stands_in_place_of_the_answer) {
  std::set<Bytes> seen;
  deliver_many({.garbage = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    EXPECT_NE(joined(d), rtu_answer);
    EXPECT_FALSE(joined(d).empty());
    seen.insert(joined(d));
  });
  EXPECT_GT(seen.size(), 400U);
}

// How many good frames with another transaction id stand before our answer, which must be the rest.
int foreign_before_on_tcp(std::span<const std::uint8_t> left) {
  for (int foreign = 0;; ++foreign) {
    const modbus::Assembled seen = modbus::assemble_tcp(request, 9, left);
    if (const auto* answer = std::get_if<modbus::Answer>(&seen)) {
      EXPECT_EQ(Bytes(answer->registers.begin(), answer->registers.end()), (Bytes{0, 1, 0, 2}));
      EXPECT_EQ(answer->length, left.size());
      return foreign;
    }
    const auto* other = std::get_if<modbus::NotOurs>(&seen);
    if (other == nullptr || other->why != modbus::Mismatch::transaction_id) {
      ADD_FAILURE() << "neither ours nor a late one: " << testing::PrintToString(left);
      return foreign;
    }
    left = left.subspan(other->length);
  }
}

TEST(Faults, foreign_frame_is_a_good_one_that_a_client_can_tell_from_its_answer) {
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

// What a client sees of our unit's answers with our byte count, in their order: 'o' is ours, 'x' other
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

TEST(Faults, lookalike_comes_before_after_or_instead_of_ours_with_its_request_or_without) {
  struct Row {
    Place place;
    double request;
    std::string shapes;
  };
  const Row rows[] = {{Place::before, 0, "xo"},  {Place::after, 0, "ox"},  {Place::instead, 0, "x"},
                      {Place::before, 1, "rxo"}, {Place::after, 1, "orx"}, {Place::instead, 1, "rx"}};
  for (const Row& row : rows) {
    const Faults faults{.lookalike = 1, .lookalike_place = row.place, .lookalike_request = row.request};
    deliver_many(faults, Protocol::rtu_over_tcp,
                 [&](const Delivery& d) { EXPECT_EQ(shapes_of(d), row.shapes); });
  }
  std::set<std::string> seen;
  deliver_many({.lookalike = 1}, Protocol::rtu_over_tcp,
               [&](const Delivery& d) { seen.insert(shapes_of(d)); });
  EXPECT_EQ(seen, (std::set<std::string>{"xo", "ox", "x", "rxo", "orx", "rx"}));
}

TEST(Faults, ours_comes_whole_and_in_time_when_a_lookalike_comes_before_or_after_it) {
  const Faults faults{.silence = 1,
                      .late = 1,
                      .doubled = 1,
                      .wrong_crc = 1,
                      .garbage = 1,
                      .lookalike = 1,
                      .lookalike_place = Place::before,
                      .lookalike_request = 0};
  deliver_many(faults, Protocol::rtu_over_tcp, [](const Delivery& d) {
    EXPECT_EQ(shapes_of(d), "xo");
    EXPECT_TRUE(d.late.empty());
  });
}

TEST(Faults, lookalike_on_modbus_tcp_has_another_transaction_id) {
  const Faults faults{.lookalike = 1, .lookalike_place = Place::before};
  deliver_many(faults, Protocol::tcp,
               [](const Delivery& d) { EXPECT_EQ(foreign_before_on_tcp(joined(d)), 1); });
}

TEST(Faults, probability_is_the_share_of_answers_hit) {
  int silent = 0;
  deliver_many({.silence = 0.2}, Protocol::tcp, [&](const Delivery& d) { silent += d.segments.empty(); });
  EXPECT_NEAR(silent, rounds * 0.2, rounds * 0.06);
}

const Faults all_faults{.silence = 0.1,
                        .late = 0.3,
                        .late_spread = milliseconds{500},
                        .doubled = 0.3,
                        .split = 0.5,
                        .merge = 0.5,
                        .wrong_crc = 0.3,
                        .garbage = 0.2,
                        .exception = 0.3,
                        .reset = 0.1,
                        .hang = 0.1,
                        .wrong_unit = 0.3,
                        .foreign = 0.5,
                        .lookalike = 0.2};

TEST(Faults, same_seed_makes_the_same_faults_and_any_answer_survives_all_of_them) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::rtu_over_tcp}) {
    FaultMaker one(all_faults, 5);
    FaultMaker other(all_faults, 5);
    const bool rtu = protocol == Protocol::rtu_over_tcp;
    const Bytes refusal = rtu ? with_crc({3, 0x83, 2}) : Bytes{0, 9, 0, 0, 0, 3, 3, 0x83, 2};
    for (int round = 0; round < rounds; ++round) {
      Undelivered answer = undelivered(protocol);
      if (round % 2 == 0) answer.answer = refusal;
      const Delivery delivery = one.deliver(answer);
      const Delivery same = other.deliver(answer);
      EXPECT_EQ(joined(delivery), joined(same));
      ASSERT_EQ(delivery.late.size(), same.late.size());
      for (std::size_t index = 0; index < same.late.size(); ++index)
        EXPECT_EQ(delivery.late[index].after, same.late[index].after);
    }
  }
}

TEST(Faults, what_a_fault_does_does_not_depend_on_the_others) {
  FaultMaker alone({.late = 0.3, .late_spread = milliseconds{500}}, 5);
  Faults more{.late = 0.3, .late_spread = milliseconds{500}, .split = 0.5, .wrong_crc = 0.5, .foreign = 0.5};
  FaultMaker among_others(more, 5);
  for (int round = 0; round < rounds; ++round) {
    const Delivery delivery = alone.deliver(undelivered(Protocol::rtu_over_tcp));
    const Delivery other = among_others.deliver(undelivered(Protocol::rtu_over_tcp));
    ASSERT_EQ(delivery.late.size(), other.late.size());
    if (!delivery.late.empty()) {
      EXPECT_EQ(delivery.late[0].after, other.late[0].after);
    }
  }
}

}  // namespace
}  // namespace gensetd::simulator
