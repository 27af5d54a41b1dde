#include "known_line.hpp"
#include "modbus/error.hpp"

#include <gtest/gtest.h>

// Requests of other masters and the responses to them on a serial line. They are never accepted.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(KnownLine, request_of_another_master_is_no_response_and_its_response_is_waited_for) {
  script.receive(rtu_request(1, 100, 3));
  EXPECT_TRUE(script.conversation.shared(script.now));
  submit_read();
  EXPECT_EQ(script.next(), "wait 250");  // the other master's exchange comes first
  script.later(milliseconds{90});
  script.receive(rtu_response(1, numbers(3, 9'000)));
  EXPECT_EQ(script.next(), "wait 50");
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // not the count that the other master uses
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  EXPECT_EQ(unit().foreign_frames, 2U);
  EXPECT_EQ(script.conversation.last_foreign().unit_id, 1);
}

TEST_F(KnownLine, request_of_another_master_for_our_unit_and_count_while_we_wait_ends_the_wait) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_request(1, 100, 3));
  EXPECT_EQ(script.next(), "report a the response to another request");
  script.receive(rtu_response(1, numbers(3, 400)));
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+4");
}

TEST_F(KnownLine, foreign_response_in_place_of_ours_is_requested_again_with_another_count) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_response(1, numbers(3, 9'000)));  // requested by another master; ours is lost
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  script.respond(400);
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.receive(rtu_response(1, numbers(3, 400)));  // ours, late: no pending request has its count
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  EXPECT_EQ(unit().confirmations, 3U);  // and one when the line was new
}

TEST_F(KnownLine, foreign_frame_directly_behind_a_response_does_not_make_it_suspect) {
  submit_read();
  script.next_event();
  Bytes bytes = rtu_response(1, numbers(script.sent.count, 400));
  const Bytes behind = rtu_response(7, numbers(3, 1));
  bytes.insert(bytes.end(), behind.begin(), behind.end());
  script.receive(bytes);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  EXPECT_EQ(script.next(), "wait");
}

TEST_F(KnownLine, after_an_equal_request_of_another_master_two_responses_may_arrive) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_request(1, 55, 3));
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  const SteadyTime reported_at = script.now;
  for (script.later(seconds{1}); script.now < reported_at + DistinctCounts::late_response_max;
       script.later(seconds{1})) {
    submit_read();
    script.next_event();
    EXPECT_NE(script.sent.count, 3);
    script.respond(400);
    script.next();
  }
}

TEST_F(KnownLine, count_of_foreign_responses_is_not_used) {
  for (int time = 0; time < 2; ++time) {
    script.receive(rtu_response(1, numbers(4, 9'000u + 100u * static_cast<unsigned>(time))));
    script.later(seconds{20});
  }
  EXPECT_TRUE(script.conversation.shared(script.now));
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+5");
}

TEST_F(KnownLine, nothing_is_requested_where_other_masters_use_every_count) {
  script.receive(rtu_request(1, 100, 3));
  script.submit("a", {.unit_id = 1,
                      .function = modbus::Function::holding_registers,
                      .first = 55,
                      .count = 3});  // not extensible
  EXPECT_EQ(script.next_event(),
            "report a not requested: its response could not be distinguished from those of other masters");
  // Forgotten after ten minutes.
  script.later(std::chrono::minutes{10});
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
}

// The only count of a single register is used again after an unconfirmed response, but never while other
// masters use it. Nor does such a read then wait for ten minutes.
TEST_F(KnownLine, single_register_is_not_requested_where_others_request_one) {
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 200, .count = 1});
  EXPECT_EQ(script.next_event(), "send 1:200+1");
  script.receive(rtu_response(1, numbers(1, 7)));
  script.receive(rtu_request(1, 5, 1));
  EXPECT_EQ(script.next_event(),
            "report a not requested: its response could not be distinguished from those of other masters");
  script.submit("b",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 201, .count = 1});
  EXPECT_EQ(script.next_event(),
            "report b not requested: its response could not be distinguished from those of other masters");
}

TEST_F(KnownLine, longer_reads_are_tried_again_when_another_master_uses_the_only_count_left) {
  for (int cycle = 0; cycle < 60; ++cycle) {
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 65, .count = 3},
                  threes);
    for (std::string event = script.next_event(); event.starts_with("send"); event = script.next_event()) {
      if (script.sent.count <= 3) script.respond(400);
    }
    script.later(seconds{2});
  }
  script.receive(rtu_request(1, 100, 3));
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 65, .count = 3},
                threes);
  EXPECT_EQ(script.next_event(), "send 1:65+4");
  script.respond(400);
  EXPECT_EQ(script.next_event(), "report a 400 401 402");
}

TEST_F(KnownLine, unit_id_of_a_foreign_response_is_reported) {
  submit_read();
  script.next_event();
  script.receive(rtu_response(7, numbers(3, 400)));
  Action action = script.conversation.next(script.now);
  while (std::holds_alternative<Wait>(action)) {
    script.now = std::get<Wait>(action).until;
    action = script.conversation.next(script.now);
  }
  const auto& outcome = std::get<Report>(action).outcome;
  EXPECT_EQ(outcome.error, modbus::ResponseError::foreign_response);
  EXPECT_EQ(outcome.other_unit, 7);
}

}  // namespace
}  // namespace gensetd::link
