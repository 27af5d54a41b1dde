#include "known_line.hpp"

#include <gtest/gtest.h>

// What makes a reported response suspect on a serial line, or discards an unconfirmed one: a second response,
// a damaged one, the end of the connection.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(KnownLine, second_response_of_equal_unit_and_count_makes_the_reported_one_suspect) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_response(1, numbers(3, 400)));  // looks like ours
  EXPECT_EQ(script.next(), "report a 400 401 402");
  script.later(milliseconds{40});
  script.receive(rtu_response(1, numbers(3, 402)));
  EXPECT_EQ(script.next(), "suspect a 55+3");
  EXPECT_EQ(unit().suspect_responses, 1U);
}

// Neither is confirmed by a third response that continues it: the other one may be ours.
TEST_F(KnownLine, second_response_of_equal_unit_and_count_discards_an_unconfirmed_one) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_response(1, numbers(3, 500)));  // not ours
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  script.receive(rtu_response(1, numbers(3, 510)));
  script.receive(rtu_response(1, numbers(2, 510)));
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.respond(510);
  EXPECT_EQ(script.next(), "report a 510 511 512");
}

TEST_F(KnownLine, copy_of_an_unconfirmed_response_changes_nothing) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.respond(500);
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  script.receive(rtu_response(1, numbers(3, 500)));
  script.receive(rtu_response(1, numbers(2, 500)));
  EXPECT_EQ(script.next(), "report a 500 501 502");
}

// The count may have to be used again this soon.
TEST_F(KnownLine, copy_of_an_unconfirmed_response_does_not_make_an_older_one_suspect) {
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  script.later(milliseconds{600});
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.respond(500);
  script.respond(500);
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  EXPECT_EQ(unit().suspect_responses, 0U);
}

// Our response, torn by a pause or with a wrong byte.
TEST_F(KnownLine, damaged_response_behind_one_of_equal_unit_and_count_makes_that_suspect) {
  const Bytes ours = rtu_response(1, numbers(3, 402));
  Bytes changed = ours;
  changed[5] ^= 1U;
  for (const Bytes& damaged : {Bytes(ours.begin(), ours.begin() + 7), changed}) {
    submit_read();
    script.next_event();
    Bytes observed = damaged;
    observed[2] = static_cast<std::uint8_t>(2 * script.sent.count);
    script.respond(400);
    EXPECT_EQ(script.next(), "report a 400 401 402");
    script.later(milliseconds{400});
    script.receive(observed);
    EXPECT_EQ(script.next_event(), "suspect a 55+3");
    script.later(seconds{70});
    EXPECT_EQ(script.next(), "wait");
  }
}

// Many converters close the connection after each response (field notes, 25).
TEST_F(KnownLine, end_of_the_connection_is_no_evidence_without_other_traffic) {
  for (int round = 0; round < 20; ++round) {
    submit_read();
    EXPECT_TRUE(script.next_event().starts_with("send")) << round;
    script.respond(400);
    EXPECT_EQ(script.next(), "report a 400 401 402");
    script.conversation.closed({}, script.now);
    EXPECT_EQ(script.next(), "wait") << round;
    script.conversation.opened(script.now);
  }
}

TEST_F(KnownLine, end_of_the_connection_does_not_keep_a_first_response_from_being_confirmed) {
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 70, .count = 10});
  EXPECT_EQ(script.next_event(), "send 1:70+10");
  script.respond(500);
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "connect");
  script.conversation.opened(script.now);
  EXPECT_EQ(script.next_event(), "send 1:70+9");
  script.respond(500);
  EXPECT_EQ(script.next(), "report a 500 501 502 503 504 505 506 507 508 509");
}

TEST_F(KnownLine, end_of_the_connection_makes_recent_responses_suspect_on_a_shared_line) {
  for (const int after : {100, 400}) {
    script.receive(rtu_response(9, numbers(7, 1)));
    submit_read();
    script.next_event();
    script.respond(400);
    EXPECT_EQ(script.next(), "report a 400 401 402");
    script.later(milliseconds{after});
    script.conversation.closed({}, script.now);
    EXPECT_EQ(script.next(), after < 300 ? "suspect a 55+3" : "wait");
    script.conversation.opened(script.now);
    script.later(seconds{70});
  }
}

TEST_F(KnownLine, end_of_the_connection_discards_an_unconfirmed_response_on_a_shared_line) {
  script.receive(rtu_response(9, numbers(7, 1)));
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_response(1, numbers(3, 500)));  // not ours
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "connect");
  script.conversation.opened(script.now);
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // the whole of it, not a part
}

}  // namespace
}  // namespace gensetd::link
