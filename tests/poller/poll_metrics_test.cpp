#include "poller/poll_metrics.hpp"

#include "modbus/crc.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

// The metrics of a conversation with a serial line.
namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;

const SteadyTime start{1'000h};
const reading::Timestamp wall{20'000h};

class LinkMetricsTest : public testing::Test, public link::TransactionHandler {
 protected:
  // Submits a request and continues until it is sent.
  void send_request(std::uint8_t unit_id, SteadyTime now) {
    conversation.submit(*this, {.request = {.unit_id = unit_id,
                                            .function = modbus::Function::holding_registers,
                                            .first = 0,
                                            .count = 2},
                                .protocol = modbus::Protocol::rtu_over_tcp,
                                .timeout = 2s});
    if (!conversation.connected()) {
      ASSERT_TRUE(std::holds_alternative<link::Connect>(conversation.next(now)));
      conversation.opened(now);
    }
    ASSERT_TRUE(std::holds_alternative<link::Send>(conversation.next(now)));
  }
  void receive(std::vector<std::uint8_t> frame, SteadyTime now) {
    const std::uint16_t crc = modbus::crc16(frame);
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8));
    conversation.received(frame, now);
    drain(now);
  }
  void drain(SteadyTime now) {
    while (!std::holds_alternative<link::Wait>(conversation.next(now))) {
    }
  }
  void finished(const link::Outcome& outcome) override { static_cast<void>(outcome); }
  LinkMetrics metrics(SteadyTime now) const { return metrics_of("10.0.0.1:26", conversation, now, wall); }

  link::Conversation conversation;
};

TEST_F(LinkMetricsTest, are_empty_before_the_first_request) {
  const LinkMetrics seen = metrics(start);
  EXPECT_EQ(seen.address, "10.0.0.1:26");
  EXPECT_FALSE(seen.connected);
  EXPECT_FALSE(seen.last_foreign);
  EXPECT_EQ(seen.units.requests, 0U);
  EXPECT_EQ(seen.busy, 0ns);
}

TEST_F(LinkMetricsTest, busy_is_the_time_with_a_pending_request) {
  send_request(1, start);
  EXPECT_TRUE(metrics(start).connected);
  EXPECT_EQ(metrics(start + 200ms).busy, 200ms);
  receive({1, 3, 4, 0, 1, 0, 2}, start + 300ms);
  receive({1, 3, 2, 0, 1}, start + 500ms);  // the part that confirms new values
  EXPECT_EQ(metrics(start + 2s).busy, 500ms);
  EXPECT_DOUBLE_EQ(metrics(start + 2s).busy_share, 0.25);
  EXPECT_DOUBLE_EQ(metrics(start + 2s).recent_busy_share, 0.25);
  EXPECT_EQ(metrics(start + 2s).units.responses, 2U);
}

TEST_F(LinkMetricsTest, foreign_frame_has_its_time_of_day) {
  send_request(1, start);
  receive({9, 3, 6, 0, 1, 0, 2, 0, 3}, start + 100ms);
  receive({1, 3, 4, 0, 1, 0, 2}, start + 200ms);
  const LinkMetrics seen = metrics(start + 60s);
  ASSERT_TRUE(seen.last_foreign);
  EXPECT_EQ(seen.last_foreign->kind, modbus::RtuFrame::Kind::response);
  EXPECT_EQ(seen.last_foreign->unit_id, 9);
  EXPECT_EQ(seen.last_foreign->function, 3);
  EXPECT_EQ(seen.last_foreign->register_count, 3);
  EXPECT_EQ(seen.last_foreign->received_at, wall - 59'900ms);
  EXPECT_TRUE(seen.shared);
  EXPECT_FALSE(metrics(start + 1h).shared) << "not received for long, and still reported";
  EXPECT_TRUE(metrics(start + 1h).last_foreign);
  EXPECT_EQ(seen.units.foreign_frames, 1U) << "counted under its own unit, and included in the sum";
  EXPECT_EQ(seen.units.responses, 1U);
}

TEST_F(LinkMetricsTest, every_counter_is_summed_over_the_units) {
  send_request(1, start);
  receive({1, 3, 4, 0, 1, 0, 2}, start + 100ms);
  receive({1, 3, 2, 0, 1}, start + 120ms);
  receive({1, 3, 2, 0, 1}, start + 150ms);
  send_request(2, start + 1s);
  drain(start + 4s);
  send_request(3, start + 5s);
  receive({3, 0x83, 6}, start + 5'100ms);
  receive({3, 0x83, 6}, start + 5'200ms);
  const link::UnitCounters sum = metrics(start + 6s).units;
  EXPECT_EQ(sum.requests, 5U);
  EXPECT_EQ(sum.responses, 2U);
  EXPECT_EQ(sum.confirmations, 2U) << "the new values, and the exception";
  EXPECT_EQ(sum.doubled_responses, 1U);
  EXPECT_EQ(sum.timeouts, 1U);
  EXPECT_EQ(sum.exceptions, 1U);
}

}  // namespace
}  // namespace gensetd::poller
