#include "link/rtu_response_judge.hpp"

#include "modbus/error.hpp"
#include "script.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace gensetd::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A serial line with one handler that reads 55+10 of unit 1. The last values are known, so a response that
// continues them is accepted at once.
class RtuResponseJudgeTest : public testing::Test {
 protected:
  RtuResponseJudgeTest() { state.values.remember(wanted, numbers(10, 400)); }

  // Makes a request pending that reads `count` registers.
  void send(std::uint16_t count = 10) {
    PendingRequest request;
    request.queued.handler = &handler;
    request.queued.transaction.request = wanted;
    request.queued.transaction.protocol = modbus::Protocol::rtu_over_tcp;
    request.request = wanted;
    request.request.count = count;
    request.sent_at = now;
    judge.counts().sent(wanted, request.request, now);
    state.pending.push_back(request);
  }

  static modbus::RtuFrame frame_of(const Bytes& bytes) {
    return std::get<modbus::RtuFrame>(modbus::parse_rtu(bytes, true));
  }

  void receive(unsigned value, std::uint16_t count = 10) {
    state.last_byte_at = now;
    state.received_since = now;
    const Bytes bytes = rtu_response(1, numbers(count, value));
    const modbus::RtuFrame frame = frame_of(bytes);
    ASSERT_TRUE(judge.belongs(frame));
    judge.judge_response(frame, stray_bytes_are_frequent, now);
  }

  UnexpectedResponse receive_unexpected(unsigned value, std::uint16_t count = 10) {
    const Bytes bytes = rtu_response(1, numbers(count, value));
    return judge.judge_unexpected(frame_of(bytes), now);
  }

  // The next report: "400" (first register), "error ...", "suspect" or "nothing".
  std::string next_report() {
    const auto action = state.next_report();
    if (!action) return "nothing";
    if (std::holds_alternative<ReportSuspect>(*action)) return "suspect";
    const Outcome& outcome = std::get<Report>(*action).outcome;
    if (outcome.error) return "error " + outcome.error.message();
    return std::to_string((outcome.registers[0] << 8) | outcome.registers[1]);
  }

  const modbus::ReadRequest wanted{
      .unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 10};
  SteadyTime now{std::chrono::hours{1}};
  Script::TestHandler handler;
  ConversationState state;
  RtuResponseJudge judge{state};
  bool stray_bytes_are_frequent = false;
};

TEST_F(RtuResponseJudgeTest, response_belongs_to_a_request_with_its_unit_id_and_count) {
  const Bytes response = rtu_response(1, numbers(10, 400));
  EXPECT_FALSE(judge.belongs(frame_of(response))) << "nothing is pending";
  send();
  EXPECT_TRUE(judge.belongs(frame_of(response)));
  const Bytes other_unit = rtu_response(2, numbers(10, 400));
  EXPECT_FALSE(judge.belongs(frame_of(other_unit)));
  const Bytes other_count = rtu_response(1, numbers(11, 400));
  EXPECT_FALSE(judge.belongs(frame_of(other_count)));
  for (const std::uint8_t function : Bytes{1, 2, 4}) {
    Bytes other_function = response;
    other_function.resize(other_function.size() - 2);
    other_function[1] = function;
    other_function = with_crc(other_function);
    EXPECT_FALSE(judge.belongs(frame_of(other_function))) << int{function};
  }
}

TEST_F(RtuResponseJudgeTest, response_that_continues_the_last_values_is_accepted) {
  send();
  receive(401);
  EXPECT_EQ(next_report(), "401");
  EXPECT_TRUE(state.pending.empty());
}

TEST_F(RtuResponseJudgeTest, response_that_does_not_continue_is_requested_again_and_accepted_when_confirmed) {
  send();
  receive(9'000);
  EXPECT_EQ(next_report(), "nothing");
  ASSERT_EQ(state.queue.size(), 1U);
  const QueuedTransaction again = state.queue.front();
  state.queue.clear();
  send(9);
  state.pending.front().queued = again;
  receive(9'000, 9);
  EXPECT_EQ(next_report(), "9000");
  EXPECT_EQ(state.unit(1).confirmations, 1U);
}

TEST_F(RtuResponseJudgeTest,
       second_response_of_equal_unit_and_count_makes_the_accepted_one_suspect_for_two_seconds) {
  for (const auto& [after, expected] :
       {std::pair{milliseconds{1'999}, "suspect"}, std::pair{milliseconds{2'000}, "nothing"}}) {
    send();
    receive(400);
    EXPECT_EQ(next_report(), "400");
    now += after;
    receive_unexpected(405);
    EXPECT_EQ(next_report(), expected);
    now += seconds{60};
  }
}

TEST_F(RtuResponseJudgeTest, copy_of_an_accepted_response_is_no_evidence) {
  send();
  receive(400);
  EXPECT_EQ(next_report(), "400");
  EXPECT_EQ(receive_unexpected(400), UnexpectedResponse::doubled);
  EXPECT_EQ(next_report(), "nothing");
}

TEST_F(RtuResponseJudgeTest, accepted_response_becomes_suspect_once) {
  send();
  receive(400);
  EXPECT_EQ(next_report(), "400");
  receive_unexpected(405);
  receive_unexpected(410);
  judge.bytes_followed(now);
  judge.suspect_last_response(now);
  EXPECT_EQ(next_report(), "suspect");
  EXPECT_EQ(next_report(), "nothing");
}

TEST_F(RtuResponseJudgeTest,
       bytes_that_follow_without_a_pause_make_a_response_suspect_and_later_ones_do_not) {
  for (const bool has_pause : {false, true}) {
    send();
    receive(400);
    EXPECT_EQ(next_report(), "400");
    if (has_pause) state.last_byte_at = now + milliseconds{1};
    judge.bytes_followed(now);
    EXPECT_EQ(next_report(), has_pause ? "nothing" : "suspect");
    now += seconds{60};
  }
}

TEST_F(RtuResponseJudgeTest, stray_bytes_make_the_last_response_suspect_within_its_longest_response_time) {
  for (const auto& [after, expected] :
       {std::pair{milliseconds{299}, "suspect"}, std::pair{milliseconds{300}, "nothing"}}) {
    send();
    receive(400);
    EXPECT_EQ(next_report(), "400");
    now += after;
    state.last_byte_at = state.received_since = now;
    state.received.assign(3, std::uint8_t{0xFE});
    judge.stray_bytes_received(now);
    EXPECT_EQ(next_report(), expected);
    state.received.clear();
    now += seconds{60};
  }
}

TEST_F(RtuResponseJudgeTest,
       where_stray_bytes_are_frequent_a_response_that_agrees_with_a_suspect_one_stays_accepted) {
  stray_bytes_are_frequent = true;
  send();
  receive(400);
  EXPECT_EQ(next_report(), "400");
  judge.bytes_followed(now);
  EXPECT_EQ(next_report(), "suspect");
  now += seconds{1};
  send(11);
  receive(400, 11);
  EXPECT_EQ(next_report(), "400");
  judge.bytes_followed(now);
  EXPECT_EQ(next_report(), "nothing");
}

TEST_F(RtuResponseJudgeTest, end_of_the_connection_makes_a_response_suspect_only_on_a_shared_line) {
  for (const bool is_shared : {false, true}) {
    state.shared_until = is_shared ? now + seconds{1} : SteadyTime{};
    send();
    receive(400);
    EXPECT_EQ(next_report(), "400");
    judge.connection_closed(now);
    EXPECT_EQ(next_report(), is_shared ? "suspect" : "nothing");
  }
}

TEST_F(RtuResponseJudgeTest, withdrawn_handler_gets_no_suspect_report) {
  send();
  receive(400);
  EXPECT_EQ(next_report(), "400");
  judge.withdraw(handler);
  receive_unexpected(405);
  EXPECT_EQ(next_report(), "nothing");
}

TEST_F(RtuResponseJudgeTest, exception_is_accepted_at_the_deadline_while_another_response_may_arrive) {
  const Bytes bytes = with_crc({1, 0x83, 4});
  send();
  judge.finish_without_response(modbus::ResponseError::damaged_response, {}, now);
  EXPECT_EQ(next_report(), "error damaged response (wrong CRC)");
  send(11);
  EXPECT_TRUE(judge.judge_exception(frame_of(bytes), now));
  EXPECT_EQ(next_report(), "nothing");
  ASSERT_TRUE(state.pending.front().exception);
  judge.accept_exception(0, now);
  EXPECT_EQ(next_report(), "error the controller refused the request");
}

TEST_F(RtuResponseJudgeTest, first_exception_is_requested_again) {
  const Bytes bytes = with_crc({1, 0x83, 1});
  EXPECT_FALSE(judge.judge_exception(frame_of(bytes), now)) << "nothing is pending";
  send();
  EXPECT_TRUE(judge.judge_exception(frame_of(bytes), now));
  EXPECT_EQ(next_report(), "nothing");
  ASSERT_EQ(state.queue.size(), 1U);
  EXPECT_TRUE(state.queue.front().exception_unconfirmed);
}

}  // namespace
}  // namespace gensetd::link
