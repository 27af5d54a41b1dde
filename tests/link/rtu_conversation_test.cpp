#include "link/error.hpp"
#include "modbus/error.hpp"
#include "script.hpp"

#include <gtest/gtest.h>

// Which request a response on a serial line belongs to, and everything that must never be accepted.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Allow counts 3 to 7 for 55+3, and 10 to 14 for reads of ten registers.
constexpr ExtensionRange threes{.first = 50, .end = 90, .limit = 7};
constexpr ExtensionRange tens{.first = 50, .end = 130, .limit = 14};

// A line on which unit 1 has responded to 55+3, so that a response that continues its values is accepted at
// once.
class KnownLine : public testing::Test {
 protected:
  KnownLine() {
    submit_read();
    EXPECT_EQ(script.report_after(400), "report a 400 401 402");
    script.later(seconds{70});  // all counts are rested
    EXPECT_EQ(script.next(), "wait");
  }

  void submit_read() {
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                  threes);
  }

  const UnitCounters& unit() { return script.conversation.units().at(1); }

  Script script;
};

TEST_F(KnownLine, response_that_continues_the_last_values_is_reported_at_once) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
}

TEST_F(KnownLine, late_response_is_not_taken_for_the_next_of_equal_unit_and_block_length) {
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 65, .count = 3},
                threes);
  EXPECT_EQ(script.next_event(), "send 1:65+3");
  EXPECT_EQ(script.next_event(), "report a no response in time");
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+4");     // a count that no late response has
  script.receive(rtu_response(1, numbers(3, 399)));  // the late one
  EXPECT_EQ(script.next().substr(0, 4), "wait");
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  EXPECT_EQ(unit().late_responses, 1U);
}

TEST_F(KnownLine,
       count_of_a_request_without_response_is_not_used_for_ten_seconds_even_for_the_same_registers) {
  // Not extensible: only one count is possible.
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  EXPECT_EQ(script.next_event(), "report a no response in time");
  const SteadyTime given_up = script.now;
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  EXPECT_GE(script.now - given_up, DistinctCounts::late_response_max);
}

TEST_F(KnownLine, other_units_are_read_meanwhile) {
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  script.next_event();
  EXPECT_EQ(script.next_event(), "report a no response in time");
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  script.submit("b",
                {.unit_id = 2, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 2:55+3");
}

TEST_F(KnownLine, late_response_is_not_accepted_on_the_next_connection_either) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "connect");
  script.conversation.opened(script.now);
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.receive(rtu_response(1, numbers(3, 999)));
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
}

TEST_F(KnownLine, repetition_waits_for_a_distinguishable_count_no_longer_than_it_may) {
  script.transaction.hold_max = milliseconds{2'000};
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  EXPECT_EQ(script.next_event(), "report a no response in time");
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next(), "report a not repeated: a response could be mistaken for a late one");
  script.later(milliseconds{8'500});
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
}

TEST_F(KnownLine, doubled_response_is_not_taken_for_the_next) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.receive(rtu_response(1, numbers(3, 400)));
  EXPECT_EQ(script.next().substr(0, 4), "wait");
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  EXPECT_EQ(unit().doubled_responses, 1U);
  EXPECT_EQ(unit().foreign_frames, 0U);
}

TEST_F(KnownLine, damaged_response_is_reported_as_soon_as_the_line_is_silent) {
  submit_read();
  script.next_event();
  Bytes broken = rtu_response(1, numbers(3, 400));
  broken.back() ^= 1U;
  script.receive(broken);
  const SteadyTime came = script.now;
  EXPECT_EQ(script.next_event(), "report a damaged response (wrong CRC)");
  EXPECT_LE(script.now - came, milliseconds{160});
  EXPECT_EQ(unit().broken_frames, 1U);
}

TEST_F(KnownLine, valid_response_behind_a_damaged_one_is_accepted) {
  submit_read();
  script.next_event();
  Bytes broken = rtu_response(1, numbers(3, 400));
  broken.back() ^= 1U;
  script.receive(broken);
  script.respond(400);
  EXPECT_EQ(script.next_event(), "report a 400 401 402");
}

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

TEST_F(KnownLine, echo_of_our_own_request_changes_nothing) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_request(1, 55, 3));
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  EXPECT_FALSE(script.conversation.shared(script.now));
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

TEST_F(KnownLine, stray_bytes_make_the_last_response_suspect_for_as_long_as_ours_may_take) {
  for (const int after : {60, 400}) {
    submit_read();
    EXPECT_EQ(script.next_event(), "send 1:55+3");
    script.respond(400);
    EXPECT_EQ(script.next(), "report a 400 401 402");
    script.later(milliseconds{after});
    script.receive({0xFE, 0xFE, 0xFE});
    EXPECT_EQ(script.next(), after < 300 ? "suspect a 55+3" : "wait");
    EXPECT_EQ(script.next(), "wait");
    script.later(seconds{70});
  }
}

// The time of arrival counts, not the time when it is known to be garbage.
TEST_F(KnownLine, first_byte_of_a_torn_response_makes_the_last_one_suspect) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  script.later(milliseconds{200});
  script.receive({1});
  EXPECT_EQ(script.next_event(), "suspect a 55+3");
}

// 03 03 and the beginning of another response together are the head of a response with one register.
TEST_F(KnownLine, head_of_an_older_response_makes_the_last_one_suspect_too) {
  script.submit("b",
                {.unit_id = 3, .function = modbus::Function::holding_registers, .first = 10, .count = 1});
  EXPECT_EQ(script.report_after(7), "report b 7");
  script.submit("c", {.unit_id = 3, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                threes);
  EXPECT_EQ(script.report_after(400), "report c 400 401 402");
  script.later(milliseconds{100});
  script.receive({3, 3});
  script.later(milliseconds{20});
  script.receive({2});
  EXPECT_EQ(script.next_event(), "suspect b 10+1");
  EXPECT_EQ(script.next(), "suspect c 55+3");
}

TEST_F(KnownLine, torn_response_discards_an_unconfirmed_one) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_response(1, numbers(3, 500)));  // not ours
  script.later(milliseconds{40});
  script.receive({1, 3});
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // the whole of it, not a part
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

TEST_F(KnownLine, part_is_not_confirmed_by_a_part) {
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 70, .count = 10});
  EXPECT_EQ(script.next_event(), "send 1:70+10");
  script.respond(500);
  EXPECT_EQ(script.next_event(), "send 1:70+9");
  script.respond(900);  // ours, unlike the one before
  EXPECT_EQ(script.next_event(), "send 1:70+10");
  script.later(milliseconds{100});
  script.receive(with_crc({1, 0x83, 4}));
  EXPECT_EQ(script.next_event(), "send 1:70+8");
  script.respond(900);
  EXPECT_EQ(script.report_after(900), "report a 900 901 902 903 904 905 906 907 908 909");
}

TEST_F(KnownLine, half_a_frame_is_undecided_until_the_line_was_silent) {
  script.receive({1, 3, 6, 0, 1});
  EXPECT_EQ(script.conversation.undecided_until(), script.now + milliseconds{150});
  script.later(milliseconds{150});
  EXPECT_EQ(script.next(), "wait");
  EXPECT_FALSE(script.conversation.undecided_until());
}

// One in 65,536 damaged responses with a byte more or less has a valid CRC.
TEST_F(KnownLine, stray_bytes_directly_behind_a_response_make_it_suspect) {
  for (const Bytes& behind : {Bytes{0x01}, Bytes{0xFE}, Bytes{0x01, 0x03, 0x06, 0x00}}) {
    submit_read();
    script.next_event();
    Bytes bytes = rtu_response(1, numbers(script.sent.count, 400));
    bytes.insert(bytes.end(), behind.begin(), behind.end());
    script.receive(bytes);
    EXPECT_EQ(script.next(), "report a 400 401 402");
    EXPECT_EQ(script.next(), "suspect a 55+3");
    script.later(seconds{6});
    EXPECT_EQ(script.next(), "wait");
  }
}

// Drivers that switch late, missing termination: at once, after a pause, and in pieces.
TEST_F(KnownLine, few_bytes_00_and_ff_around_responses_make_nothing_suspect) {
  const std::vector<Bytes> runs{{0x00}, {0x00, 0x00, 0x00}, {0xFF}, {0xFF, 0x00, 0xFF}};
  for (const Bytes& run : runs) {
    for (const bool at_once : {true, false}) {
      submit_read();
      EXPECT_TRUE(script.next_event().starts_with("send"));
      script.receive(run);
      Bytes bytes = rtu_response(1, numbers(script.sent.count, 400 - (55U - script.sent.first)));
      if (at_once) bytes.insert(bytes.end(), run.begin(), run.end());
      script.receive(bytes);
      EXPECT_EQ(script.next(), "report a 400 401 402");
      if (!at_once) {
        script.later(milliseconds{20});
        script.receive(run);
      }
      EXPECT_EQ(script.next(), "wait");  // the next request needs no more than the request gap
      script.later(milliseconds{700});
    }
  }
  EXPECT_EQ(unit().suspect_responses, 0U);
}

TEST_F(KnownLine, text_before_each_response_is_usual_after_three) {
  const std::string text = "www.usr.cn";
  for (int cycle = 0; cycle < 12; ++cycle) {
    submit_read();
    EXPECT_TRUE(script.next_event().starts_with("send"));
    Bytes bytes(text.begin(), text.end());
    const Bytes response = rtu_response(1, numbers(script.sent.count, 400 - (55U - script.sent.first)));
    bytes.insert(bytes.end(), response.begin(), response.end());
    script.receive(bytes);
    std::string event = script.next();
    while (event.starts_with("suspect")) event = script.next();
    EXPECT_EQ(event, "report a 400 401 402");
    if (cycle >= 3) {
      EXPECT_EQ(script.next(), "wait") << cycle;
    }
    script.later(milliseconds{100 + 700 * (cycle % 2)});
  }
  EXPECT_EQ(script.conversation.stray_bytes().substr(0, 39), "10 stray bytes before each response: ch");
}

// A torn response may end after its first byte: the unit id alone is evidence, however often it arrives. The
// cycles are so far apart that no response is proven by the one before it.
TEST_F(KnownLine, unit_id_of_a_polled_controller_is_never_learned_as_a_stray_byte) {
  script.receive(rtu_response(7, numbers(3, 1)));  // of a unit that is received but not polled
  struct Case {
    const char* name;
    std::uint8_t byte;
    bool is_learned;
  };
  for (const Case& one : {Case{"polled", 1, false}, Case{"received", 7, true}, Case{"unknown", 0x55, true}}) {
    for (int cycle = 0; cycle < 24; ++cycle) {
      script.later(seconds{6});
      submit_read();
      EXPECT_TRUE(script.next_event().starts_with("send"));
      Bytes bytes = rtu_response(1, numbers(script.sent.count, 400 - (55U - script.sent.first)));
      bytes.push_back(one.byte);
      script.receive(bytes);
      EXPECT_EQ(script.next(), "report a 400 401 402");
      const bool is_suspected = script.next_event() == "suspect a 55+3";
      if (cycle < 16) continue;
      EXPECT_EQ(is_suspected, !one.is_learned) << one.name << ", cycle " << cycle;
    }
  }
}

TEST_F(KnownLine, heads_of_torn_responses_are_evidence_however_often_they_arrive) {
  for (const Bytes& head : {Bytes{1}, Bytes{1, 3}, Bytes{1, 3, 6}, Bytes{1, 3, 6, 0, 1}}) {
    for (int cycle = 0; cycle < 24; ++cycle) {
      script.later(seconds{6});
      submit_read();
      EXPECT_TRUE(script.next_event().starts_with("send"));
      script.respond(400);
      EXPECT_EQ(script.next(), "report a 400 401 402");
      script.later(milliseconds{20});
      script.receive(head);
      EXPECT_EQ(script.next_event(), "suspect a 55+3") << "head of " << head.size() << ", cycle " << cycle;
    }
  }
}

// Where stray bytes are frequent but not usual, they make a response suspect once: the next response, with
// another count, agrees.
TEST_F(KnownLine, response_that_agrees_with_a_suspect_one_stays_accepted_despite_stray_bytes) {
  unsigned noise = 0x11;
  const auto respond = [&](bool noisy) {
    submit_read();
    EXPECT_TRUE(script.next_event().starts_with("send"));
    Bytes bytes = rtu_response(1, numbers(script.sent.count, 400 - (55U - script.sent.first)));
    for (int byte = 0; noisy && byte < 4; ++byte) bytes.push_back(static_cast<std::uint8_t>(noise += 0x21));
    script.receive(bytes);
    EXPECT_EQ(script.next(), "report a 400 401 402");
    return script.next_event();
  };
  for (int response = 0; response < 16; ++response) {
    respond(response % 2 == 0);
    script.later(seconds{6});
  }
  EXPECT_EQ(respond(true), "suspect a 55+3");
  EXPECT_EQ(respond(true), "wait");
}

// Once a unit's response times are known, a lost response to a repeatable request costs less than the
// timeout.
TEST_F(KnownLine, request_that_can_be_repeated_waits_for_twice_the_usual_time) {
  for (int request = 0; request < 10; ++request) {
    script.later(seconds{6});
    submit_read();
    EXPECT_TRUE(script.next_event().starts_with("send"));
    script.later(milliseconds{100});
    script.respond(400);
    EXPECT_EQ(script.next(), "report a 400 401 402");
  }
  script.later(seconds{6});
  script.transaction.repeatable = true;
  submit_read();
  EXPECT_TRUE(script.next_event().starts_with("send"));
  const SteadyTime sent_at = script.now;
  EXPECT_EQ(script.next_event(), "report a no response in time");
  EXPECT_LE(script.now - sent_at, milliseconds{450});
  script.transaction.repeatable = false;
  submit_read();
  EXPECT_TRUE(script.next_event().starts_with("send"));
  const SteadyTime sent_again_at = script.now;
  EXPECT_EQ(script.next_event(), "report a no response in time");
  EXPECT_GE(script.now - sent_again_at, script.transaction.timeout);
}

TEST_F(KnownLine, stray_bytes_directly_behind_an_unconfirmed_response_discard_it) {
  submit_read();
  script.next_event();
  Bytes bytes = rtu_response(1, numbers(script.sent.count, 900));
  bytes.push_back(0x01);
  script.receive(bytes);
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // the whole of it, not a part
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

TEST_F(KnownLine, echo_of_every_request_is_recognised) {
  for (int time = 0; time < 5; ++time) {
    script.later(seconds{70});
    submit_read();
    EXPECT_EQ(script.next_event(), "send 1:55+3");
    script.receive(rtu_request(1, 55, 3));
    script.respond(400);
    EXPECT_EQ(script.next(), "report a 400 401 402");
    EXPECT_FALSE(script.conversation.shared(script.now));
  }
  script.later(seconds{6});
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
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

TEST_F(KnownLine, large_change_is_requested_again_and_then_reported) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.respond(20);
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  script.respond(25);
  EXPECT_EQ(script.next(), "report a 20 21 22");
}

TEST_F(KnownLine, values_that_keep_changing_are_reported_in_the_end) {
  submit_read();
  for (const unsigned value : {1'000U, 3'000U, 9'000U, 20'000U, 30'000U}) {
    EXPECT_EQ(script.next_event().substr(0, 4), "send");
    script.respond(value);
  }
  EXPECT_EQ(script.next(), "report a 30000 30001 30002");
}

TEST_F(KnownLine, exception_is_accepted_when_it_arrives_twice) {
  script.transaction.extension = {};
  for (int time = 0; time < 2; ++time) {
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
    EXPECT_EQ(script.next_event(), "send 1:55+3");
    script.receive(with_crc({1, 0x83, 2}));
    if (time == 0) {
      EXPECT_EQ(script.next_event(), "send 1:55+2");
      script.receive(with_crc({1, 0x83, 2}));
      script.later(DistinctCounts::late_response_max);
    }
    EXPECT_EQ(script.next(), "report a exception 2") << time;
  }
}

TEST_F(KnownLine, exception_to_an_earlier_request_is_not_accepted) {
  submit_read();
  script.next_event();
  EXPECT_EQ(script.next_event(), "report a no response in time");
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.receive(with_crc({1, 0x83, 2}));
  script.respond(400);
  EXPECT_EQ(script.next_event(), "report a 400 401 402");
}

TEST_F(KnownLine, longer_reads_without_response_are_soon_not_tried) {
  const auto silent_cycles = [&](int cycles) {
    int silent = 0;
    for (int cycle = 0; cycle < cycles; ++cycle) {
      script.submit("a",
                    {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 65, .count = 3},
                    threes);
      std::string event = script.next_event();
      while (event.starts_with("send")) {
        if (script.sent.count <= 3) script.respond(400);
        event = script.next_event();
      }
      if (event != "report a 400 401 402") ++silent;
      script.later(seconds{2});
    }
    return silent;
  };
  EXPECT_EQ(silent_cycles(60), 3);
  script.later(std::chrono::hours{1});
  EXPECT_EQ(silent_cycles(60), 3);  // then they are tried again
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

TEST_F(KnownLine, modbus_tcp_response_is_reported_as_the_other_protocol) {
  submit_read();
  script.next_event();
  script.receive({0, 1, 0, 0, 0, 9, 1, 3, 6, 0, 7, 0, 7, 0, 7});
  EXPECT_EQ(script.next(), "report a the peer speaks the other protocol");
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

TEST_F(KnownLine, reads_of_equal_block_length_follow_each_other_without_a_wait) {
  // Three blocks of ten registers of one unit, repeatedly: soon each request is sent when the gap is over.
  for (int cycle = 0; cycle < 20; ++cycle) {
    for (const unsigned first : {55U, 75U, 109U}) {
      script.submit("a",
                    {.unit_id = 1,
                     .function = modbus::Function::holding_registers,
                     .first = static_cast<std::uint16_t>(first),
                     .count = 10},
                    tens);
      const SteadyTime submitted = script.now;
      std::string event = script.next_event();
      ASSERT_EQ(event.substr(0, 4), "send");
      if (cycle >= 10) {
        ASSERT_LE(script.now - submitted, milliseconds{51}) << cycle;
      }
      for (; event.starts_with("send"); event = script.next_event()) {
        script.later(milliseconds{100});
        script.respond(first * 10);
      }
      ASSERT_EQ(event.substr(0, 8), "report a");
    }
    script.later(milliseconds{1'500});
  }
}

}  // namespace
}  // namespace gensetd::link
