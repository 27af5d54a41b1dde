#include "simulator/faults.hpp"

#include "modbus/crc.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gensetd::simulator {
namespace {

using modbus::Protocol;
using std::chrono::milliseconds;

constexpr int rounds = 500;
const modbus::ReadRequest request{.unit_id = 3, .first = 0, .count = 2};
const Bytes rtu_answer = with_crc({3, 3, 4, 0, 1, 0, 2});
const Bytes tcp_answer{0, 9, 0, 0, 0, 7, 3, 3, 4, 0, 1, 0, 2};

Bytes joined(const Delivery& delivery) {
  Bytes all;
  for (const Segment& segment : delivery.segments)
    all.insert(all.end(), segment.bytes.begin(), segment.bytes.end());
  return all;
}

// Calls `look` with what becomes of many answers.
template <class Look>
void deliver_many(const Faults& faults, Protocol protocol, const Look& look) {
  FaultMaker maker(faults, 1);
  const Bytes& answer = protocol == Protocol::tcp ? tcp_answer : rtu_answer;
  for (int round = 0; round < rounds; ++round) look(maker.deliver(answer, protocol));
}

TEST(Faults, without_any_the_answer_goes_as_it_is) {
  deliver_many({}, Protocol::rtu_over_tcp, [](const Delivery& delivery) {
    ASSERT_EQ(delivery.segments.size(), 1U);
    EXPECT_EQ(delivery.segments[0].bytes, rtu_answer);
    EXPECT_EQ(delivery.delay.count() + delivery.late_by.count() + delivery.segments[0].pause.count(), 0);
    EXPECT_FALSE(delivery.reset || delivery.hold);
  });
}

TEST(Faults, silence_reset_delay_and_late_do_what_they_say) {
  deliver_many({.silence = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_TRUE(d.segments.empty() && !d.reset); });
  deliver_many({.reset = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_TRUE(d.reset && d.segments.empty()); });
  deliver_many({.delay = milliseconds{40}}, Protocol::tcp, [](const Delivery& d) {
    EXPECT_EQ(d.delay.count(), 40);
    EXPECT_EQ(joined(d), tcp_answer);
  });
  deliver_many({.late = 1, .late_by = milliseconds{700}}, Protocol::tcp, [](const Delivery& d) {
    EXPECT_EQ(d.late_by.count(), 700);
    EXPECT_EQ(joined(d), tcp_answer);
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
    const auto seen = modbus::cut_rtu(bytes, false);
    ASSERT_TRUE(std::holds_alternative<modbus::RtuFrame>(seen));
    ASSERT_EQ(std::get<modbus::RtuFrame>(seen).kind, modbus::RtuFrame::Kind::exception);
    codes.insert(std::get<modbus::RtuFrame>(seen).exception);
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

// What an RTU stream begins with, in the terms of an answer to `request`.
modbus::Assembled assemble_rtu(std::span<const std::uint8_t> bytes) {
  const modbus::RtuCut cut = modbus::cut_rtu(bytes, true);
  const auto* frame = std::get_if<modbus::RtuFrame>(&cut);
  if (frame == nullptr) return modbus::NotOurs{1, modbus::Mismatch::garbage};
  if (frame->kind == modbus::RtuFrame::Kind::answer && frame->unit_id == request.unit_id &&
      frame->count == request.count)
    return modbus::Answer{frame->registers, frame->length};
  return modbus::NotOurs{frame->length, modbus::Mismatch::unit_id};
}

// Drops what is not ours, as a client does, and counts the good frames of it; the answer must be what is
// left. (The request 04 03 00 94 00 02 begins with what is by its CRC an empty answer: a client loses step
// there for some bytes, so that garbage is dropped and not counted.)
template <class Assemble>
int foreign_before(const Bytes& bytes, const Assemble& assemble) {
  std::span<const std::uint8_t> left = bytes;
  for (int foreign = 0;;) {
    const modbus::Assembled seen = assemble(left);
    if (const auto* answer = std::get_if<modbus::Answer>(&seen)) {
      EXPECT_EQ(Bytes(answer->registers.begin(), answer->registers.end()), (Bytes{0, 1, 0, 2}));
      EXPECT_EQ(answer->length, left.size());
      return foreign;
    }
    const auto* other = std::get_if<modbus::NotOurs>(&seen);
    if (other == nullptr) {
      ADD_FAILURE() << "neither ours nor somebody else's: " << testing::PrintToString(bytes);
      return foreign;
    }
    if (other->why != modbus::Mismatch::garbage) ++foreign;
    left = left.subspan(other->length);
  }
}

TEST(Faults, foreign_frame_is_a_good_one_that_a_client_can_tell_from_its_answer) {
  std::set<int> rtu_frames;
  deliver_many({.foreign = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    EXPECT_EQ(d.segments.size(), 2U);
    rtu_frames.insert(foreign_before(joined(d), assemble_rtu));
  });
  EXPECT_EQ(rtu_frames, (std::set<int>{1, 2})) << "with and without the other master's request";
  deliver_many({.foreign = 1}, Protocol::tcp, [&](const Delivery& d) {
    EXPECT_EQ(foreign_before(joined(d), [](auto bytes) { return modbus::assemble_tcp(request, 9, bytes); }),
              1);
  });
}

TEST(Faults, probability_is_the_share_of_answers_hit) {
  int silent = 0;
  deliver_many({.silence = 0.2}, Protocol::tcp, [&](const Delivery& d) { silent += d.segments.empty(); });
  EXPECT_NEAR(silent, rounds * 0.2, rounds * 0.06);
}

TEST(Faults, same_seed_makes_the_same_faults_and_any_answer_survives_all_of_them) {
  const Faults all{.silence = 0.1,
                   .late = 0.3,
                   .split = 0.5,
                   .merge = 0.5,
                   .wrong_crc = 0.3,
                   .garbage = 0.2,
                   .exception = 0.3,
                   .reset = 0.1,
                   .wrong_unit = 0.3,
                   .foreign = 0.5};
  for (const Protocol protocol : {Protocol::tcp, Protocol::rtu_over_tcp}) {
    FaultMaker one(all, 5);
    FaultMaker other(all, 5);
    const bool rtu = protocol == Protocol::rtu_over_tcp;
    const Bytes refusal = rtu ? with_crc({3, 0x83, 2}) : Bytes{0, 9, 0, 0, 0, 3, 3, 0x83, 2};
    for (int round = 0; round < rounds; ++round) {
      const Bytes& answer = round % 2 == 0 ? refusal : rtu ? rtu_answer : tcp_answer;
      EXPECT_EQ(joined(one.deliver(answer, protocol)), joined(other.deliver(answer, protocol)));
    }
  }
}

}  // namespace
}  // namespace gensetd::simulator
