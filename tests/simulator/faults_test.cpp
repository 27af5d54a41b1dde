#include "simulator/faults.hpp"

#include "modbus/crc.hpp"
#include "modbus/tcp_frame.hpp"
#include "simulator/deliveries.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gensetd::simulator {
namespace {

TEST(LineFaults, without_any_the_response_goes_as_it_is) {
  deliver_many({}, Protocol::rtu_over_tcp, [](const Delivery& delivery) {
    ASSERT_EQ(delivery.segments.size(), 1U);
    EXPECT_EQ(delivery.segments[0].bytes, rtu_response);
    EXPECT_EQ(delivery.delay.count() + delivery.segments[0].pause.count(), 0);
    EXPECT_FALSE(delivery.reset || delivery.hang || delivery.hold);
    EXPECT_TRUE(delivery.late.empty());
  });
}

TEST(LineFaults, silence_reset_hang_delay_and_late_do_what_they_say) {
  deliver_many({.silence = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_TRUE(d.segments.empty() && !d.reset); });
  deliver_many({.reset = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_TRUE(d.reset && d.segments.empty()); });
  deliver_many({.hang = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_TRUE(d.hang && d.segments.empty() && d.late.empty()); });
  deliver_many({.delay = milliseconds{40}}, Protocol::tcp, [](const Delivery& d) {
    EXPECT_EQ(d.delay.count(), 40);
    EXPECT_EQ(joined(d), tcp_response);
  });
  deliver_many({.late = 1, .late_by = milliseconds{700}}, Protocol::tcp, [](const Delivery& d) {
    EXPECT_TRUE(d.segments.empty());
    ASSERT_EQ(d.late.size(), 1U);
    EXPECT_EQ(d.late[0].after.count(), 700);
    EXPECT_EQ(d.late[0].bytes, tcp_response);
  });
}

TEST(LineFaults, late_responses_are_spread_over_the_whole_range) {
  std::set<std::int64_t> delays;
  const LineFaults faults{.late = 1, .late_by = milliseconds{200}, .late_spread = milliseconds{50}};
  deliver_many(faults, Protocol::rtu_over_tcp,
               [&](const Delivery& d) { delays.insert(d.late[0].after.count()); });
  EXPECT_EQ(*delays.begin(), 200);
  EXPECT_EQ(*delays.rbegin(), 250);
  EXPECT_GT(delays.size(), 45U);
}

TEST(LineFaults, doubled_response_comes_twice_at_once_or_a_while_later) {
  int at_once = 0;
  deliver_many({.doubled = 1, .doubled_by = milliseconds{400}}, Protocol::rtu_over_tcp,
               [&](const Delivery& d) {
                 EXPECT_EQ(joined(d), rtu_response);
                 ASSERT_EQ(d.late.size(), 1U);
                 EXPECT_EQ(d.late[0].bytes, rtu_response);
                 EXPECT_LE(d.late[0].after.count(), 400);
                 at_once += d.late[0].after.count() == 0;
               });
  EXPECT_NEAR(at_once, rounds / 2, rounds / 8);
}

TEST(LineFaults, late_response_that_is_doubled_comes_twice_late) {
  const LineFaults faults{.late = 1, .late_by = milliseconds{700}, .doubled = 1};
  deliver_many(faults, Protocol::rtu_over_tcp, [](const Delivery& d) {
    EXPECT_TRUE(d.segments.empty());
    ASSERT_EQ(d.late.size(), 2U);
    EXPECT_EQ(d.late[0].bytes, d.late[1].bytes);
    EXPECT_GE(d.late[1].after, d.late[0].after);
  });
}

TEST(LineFaults, short_response_is_a_good_frame_with_fewer_registers) {
  const LineFaults faults{.short_response = 1};
  deliver_many(faults, Protocol::rtu_over_tcp, [](const Delivery& d) {
    const Bytes frame = joined(d);
    EXPECT_LT(frame.size(), rtu_response.size());
    EXPECT_EQ(frame.size(), 5U + frame[2]);
    EXPECT_EQ(modbus::crc16(frame), 0);
  });
  deliver_many(faults, Protocol::tcp, [](const Delivery& d) {
    const Bytes frame = joined(d);
    EXPECT_LT(frame.size(), tcp_response.size());
    EXPECT_EQ(frame.size(), 9U + frame[8]);
    EXPECT_EQ(frame.size(), 6U + frame[5]);
  });
}

TEST(LineFaults, stray_bytes_come_with_the_response_or_apart_from_it) {
  LineFaults faults{.stray_bytes = {.before = {0xFF}, .after = {0, 0, 0}}};
  Bytes all{0xFF};
  all.insert(all.end(), rtu_response.begin(), rtu_response.end());
  all.insert(all.end(), 3, 0);
  deliver_many(faults, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    EXPECT_EQ(d.segments.size(), 1U);
    EXPECT_EQ(joined(d), all);
  });
  faults.stray_bytes.pause = milliseconds{30};
  deliver_many(faults, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    ASSERT_EQ(d.segments.size(), 3U);
    EXPECT_EQ(joined(d), all);
    EXPECT_EQ(d.segments[1].pause.count(), 30);
    EXPECT_EQ(d.segments[2].pause.count(), 30);
  });
  faults.stray_bytes.chance = 0.25;
  int hits = 0;
  deliver_many(faults, Protocol::rtu_over_tcp, [&](const Delivery& d) { hits += d.segments.size() == 3; });
  EXPECT_NEAR(hits, rounds / 4, rounds / 8);
}

TEST(LineFaults, split_response_comes_in_parts_with_pauses_and_is_whole) {
  std::set<std::size_t> parts;
  deliver_many({.split = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    EXPECT_EQ(joined(d), rtu_response);
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

TEST(LineFaults, merged_response_is_held_back_or_has_a_foreign_frame_behind_it) {
  int held = 0;
  deliver_many({.merge = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    ASSERT_EQ(d.segments.size(), 1U);
    const Bytes& bytes = d.segments[0].bytes;
    ASSERT_GE(bytes.size(), rtu_response.size());
    EXPECT_TRUE(std::equal(rtu_response.begin(), rtu_response.end(), bytes.begin()));
    EXPECT_EQ(d.hold, bytes.size() == rtu_response.size());
    if (d.hold) ++held;
  });
  EXPECT_NEAR(held, rounds / 2, rounds / 8);
}

TEST(LineFaults, wrong_crc_is_wrong_on_a_line_and_nothing_on_modbus_tcp) {
  deliver_many({.wrong_crc = 1}, Protocol::rtu_over_tcp, [](const Delivery& d) {
    const Bytes bytes = joined(d);
    EXPECT_EQ(bytes.size(), rtu_response.size());
    EXPECT_NE(modbus::crc16(bytes), 0);
  });
  deliver_many({.wrong_crc = 1}, Protocol::tcp,
               [](const Delivery& d) { EXPECT_EQ(joined(d), tcp_response); });
}

TEST(LineFaults, exception_is_a_good_frame_that_refuses_the_request) {
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
    EXPECT_TRUE(std::holds_alternative<modbus::Refused>(modbus::parse_tcp_response(request, 9, bytes)));
  });
}

TEST(LineFaults, wrong_unit_is_a_good_frame_of_another) {
  deliver_many({.wrong_unit = 1}, Protocol::rtu_over_tcp,
               [](const Delivery& d) { EXPECT_EQ(joined(d), with_crc({4, 3, 4, 0, 1, 0, 2})); });
  deliver_many({.wrong_unit = 1}, Protocol::tcp, [](const Delivery& d) {
    EXPECT_EQ(joined(d), (Bytes{0, 9, 0, 0, 0, 7, 4, 3, 4, 0, 1, 0, 2}));
  });
}

TEST(LineFaults, garbage_stands_in_place_of_the_response) {
  std::set<Bytes> seen;
  deliver_many({.garbage = 1}, Protocol::rtu_over_tcp, [&](const Delivery& d) {
    EXPECT_NE(joined(d), rtu_response);
    EXPECT_FALSE(joined(d).empty());
    seen.insert(joined(d));
  });
  EXPECT_GT(seen.size(), 400U);
}

TEST(LineFaults, probability_is_the_share_of_responses_hit) {
  int silent = 0;
  deliver_many({.silence = 0.2}, Protocol::tcp, [&](const Delivery& d) { silent += d.segments.empty(); });
  EXPECT_NEAR(silent, rounds * 0.2, rounds * 0.06);
}

const LineFaults all_faults{.silence = 0.1,
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

TEST(LineFaults, same_seed_makes_the_same_faults_and_any_response_survives_all_of_them) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::rtu_over_tcp}) {
    FaultInjector one(all_faults, 5);
    FaultInjector other(all_faults, 5);
    const bool rtu = protocol == Protocol::rtu_over_tcp;
    const Bytes refusal = rtu ? with_crc({3, 0x83, 2}) : Bytes{0, 9, 0, 0, 0, 3, 3, 0x83, 2};
    for (int round = 0; round < rounds; ++round) {
      PendingResponse response = pending_response(protocol);
      if (round % 2 == 0) response.response = refusal;
      const Delivery delivery = one.deliver(response);
      const Delivery same = other.deliver(response);
      EXPECT_EQ(joined(delivery), joined(same));
      ASSERT_EQ(delivery.late.size(), same.late.size());
      for (std::size_t index = 0; index < same.late.size(); ++index)
        EXPECT_EQ(delivery.late[index].after, same.late[index].after);
    }
  }
}

TEST(LineFaults, what_a_fault_does_does_not_depend_on_the_others) {
  FaultInjector alone({.late = 0.3, .late_spread = milliseconds{500}}, 5);
  LineFaults more{
      .late = 0.3, .late_spread = milliseconds{500}, .split = 0.5, .wrong_crc = 0.5, .foreign = 0.5};
  FaultInjector among_others(more, 5);
  for (int round = 0; round < rounds; ++round) {
    const Delivery delivery = alone.deliver(pending_response(Protocol::rtu_over_tcp));
    const Delivery other = among_others.deliver(pending_response(Protocol::rtu_over_tcp));
    ASSERT_EQ(delivery.late.size(), other.late.size());
    if (!delivery.late.empty()) {
      EXPECT_EQ(delivery.late[0].after, other.late[0].after);
    }
  }
}

}  // namespace
}  // namespace gensetd::simulator
