#include "poller/diagnostics.hpp"

#include "modbus/crc.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

// What is told of a conversation with a serial line.
namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;

const SteadyTime start{1'000h};
const reading::Timestamp wall{20'000h};

class DiagnosticsTest : public testing::Test, public link::Requester {
 protected:
  // Submits and goes on until the request is on the wire.
  void ask(std::uint8_t unit_id, SteadyTime now) {
    conversation.submit(*this, {.request = {.unit_id = unit_id, .first = 0, .count = 2},
                                .protocol = modbus::Protocol::rtu_over_tcp,
                                .timeout = 2s});
    if (!conversation.connected()) {
      ASSERT_TRUE(std::holds_alternative<link::Connect>(conversation.next(now)));
      conversation.opened(now);
    }
    ASSERT_TRUE(std::holds_alternative<link::Send>(conversation.next(now)));
  }
  void hear(std::vector<std::uint8_t> frame, SteadyTime now) {
    const std::uint16_t crc = modbus::crc16(frame);
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8));
    conversation.heard(frame, now);
    drain(now);
  }
  void drain(SteadyTime now) {
    while (!std::holds_alternative<link::Wait>(conversation.next(now))) {
    }
  }
  void finished(const link::Outcome& outcome) override { static_cast<void>(outcome); }
  LinkFigures figures(SteadyTime now) const { return figures_of("10.0.0.1:26", conversation, now, wall); }

  link::Conversation conversation;
};

TEST_F(DiagnosticsTest, link_that_was_never_asked) {
  const LinkFigures seen = figures(start);
  EXPECT_EQ(seen.address, "10.0.0.1:26");
  EXPECT_FALSE(seen.connected);
  EXPECT_FALSE(seen.last_foreign);
  EXPECT_EQ(seen.units.requests, 0U);
  EXPECT_EQ(seen.busy, 0ns);
}

TEST_F(DiagnosticsTest, busy_is_the_time_that_a_request_was_under_way) {
  ask(1, start);
  EXPECT_TRUE(figures(start).connected);
  EXPECT_EQ(figures(start + 200ms).busy, 200ms);
  hear({1, 3, 4, 0, 1, 0, 2}, start + 300ms);
  hear({1, 3, 2, 0, 1}, start + 500ms);  // the part that confirms what is new
  EXPECT_EQ(figures(start + 2s).busy, 500ms);
  EXPECT_DOUBLE_EQ(figures(start + 2s).busy_share, 0.25);
  EXPECT_DOUBLE_EQ(figures(start + 2s).recent_busy_share, 0.25);
  EXPECT_EQ(figures(start + 2s).units.answers, 2U);
}

TEST_F(DiagnosticsTest, somebody_elses_frame_is_told_with_its_time_of_day) {
  ask(1, start);
  hear({9, 3, 6, 0, 1, 0, 2, 0, 3}, start + 100ms);
  hear({1, 3, 4, 0, 1, 0, 2}, start + 200ms);
  const LinkFigures seen = figures(start + 60s);
  ASSERT_TRUE(seen.last_foreign);
  EXPECT_EQ(seen.last_foreign->kind, modbus::RtuFrame::Kind::answer);
  EXPECT_EQ(seen.last_foreign->unit_id, 9);
  EXPECT_EQ(seen.last_foreign->function, 3);
  EXPECT_EQ(seen.last_foreign->register_count, 3);
  EXPECT_EQ(seen.last_foreign->heard_at, wall - 59'900ms);
  EXPECT_TRUE(seen.shared);
  EXPECT_FALSE(figures(start + 1h).shared) << "not heard for long, and still told";
  EXPECT_TRUE(figures(start + 1h).last_foreign);
  EXPECT_EQ(seen.units.foreign_frames, 1U) << "counted under its own unit, summed up with ours";
  EXPECT_EQ(seen.units.answers, 1U);
}

TEST_F(DiagnosticsTest, every_counter_is_summed_over_the_units) {
  ask(1, start);
  hear({1, 3, 4, 0, 1, 0, 2}, start + 100ms);
  hear({1, 3, 2, 0, 1}, start + 120ms);
  hear({1, 3, 2, 0, 1}, start + 150ms);
  ask(2, start + 1s);
  drain(start + 4s);
  ask(3, start + 5s);
  hear({3, 0x83, 6}, start + 5'100ms);
  hear({3, 0x83, 6}, start + 5'200ms);
  const link::Counters sum = figures(start + 6s).units;
  EXPECT_EQ(sum.requests, 5U);
  EXPECT_EQ(sum.answers, 2U);
  EXPECT_EQ(sum.confirmations, 2U) << "the new values, and the refusal";
  EXPECT_EQ(sum.doubled_answers, 1U);
  EXPECT_EQ(sum.timeouts, 1U);
  EXPECT_EQ(sum.exceptions, 1U);
}

}  // namespace
}  // namespace gensetd::poller
