#include "known_line.hpp"

#include <gtest/gtest.h>

// Which request a response on a serial line belongs to: late, doubled, damaged and split responses,
// exceptions, large changes, and the register counts that distinguish responses.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

TEST_F(KnownLine, echo_of_our_own_request_changes_nothing) {
  submit_read();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.receive(rtu_request(1, 55, 3));
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  EXPECT_FALSE(script.conversation.shared(script.now));
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

TEST_F(KnownLine, modbus_tcp_response_is_reported_as_the_other_protocol) {
  submit_read();
  script.next_event();
  script.receive({0, 1, 0, 0, 0, 9, 1, 3, 6, 0, 7, 0, 7, 0, 7});
  EXPECT_EQ(script.next(), "report a the peer speaks the other protocol");
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
