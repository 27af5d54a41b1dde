#include "link/conversation.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "script.hpp"

#include <gtest/gtest.h>

// Turns, deadlines and the life of a connection, step by step, without a socket.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;

// Allows three counts: 3, 4 and 5.
constexpr ExtensionRange extensible{.first = 50, .end = 60, .limit = 5};

TEST(Conversation, request_is_sent_when_the_line_was_silent_for_the_request_gap) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.next(), "wait 50");
  script.later(milliseconds{50});
  EXPECT_EQ(script.next(), "send 1:55+3");
  EXPECT_EQ(script.next(), "wait 1000");
  script.later(milliseconds{100});
  script.respond(400);
  EXPECT_EQ(script.next(), "wait 50");  // the first response on a line is confirmed by a part of it
  script.later(milliseconds{50});
  EXPECT_EQ(script.next(), "send 1:55+2");
  script.respond(400);
  EXPECT_EQ(script.next(), "report a 400 401 402");
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.next(), "wait 50");
}

TEST(Conversation, serial_line_has_one_pending_request_and_handlers_take_turns) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  script.submit("b", {.unit_id = 2, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.report_after(10), "report a 10 11 12");
  EXPECT_EQ(script.report_after(10), "report b 10 11 12");
  EXPECT_EQ(script.report_after(10), "report a 10 11 12");
  EXPECT_EQ(script.next(), "wait");
}

TEST(Conversation, silent_unit_delays_other_units_by_one_timeout_at_most) {
  Script script;
  script.submit("dead",
                {.unit_id = 9, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.next_event(), "send 9:55+3");
  const SteadyTime request = script.now;
  EXPECT_EQ(script.next_event(), "report dead no response in time");
  EXPECT_EQ(script.now - request, milliseconds{1'000});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  EXPECT_LE(script.now - request, milliseconds{1'051});
}

TEST(Conversation, tcp_controller_may_have_several_pending_requests_and_respond_in_any_order) {
  Script script;
  script.transaction.protocol = modbus::Protocol::tcp;
  script.transaction.request_gap = milliseconds{0};
  script.transaction.requests_in_flight = 2;
  for (const char* name : {"a", "b", "c"})
    script.submit(name,
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 7, .count = 1});
  EXPECT_EQ(script.next(), "send 1:7+1");
  EXPECT_EQ(script.next(), "send 1:7+1");
  EXPECT_EQ(script.next(), "wait 1000");
  script.receive(tcp_response(2, 1, {0, 22}));
  EXPECT_EQ(script.next(), "report b 22");
  EXPECT_EQ(script.next(), "send 1:7+1");
  script.receive(tcp_response(1, 1, {0, 11}));
  EXPECT_EQ(script.next(), "report a 11");
  script.receive(tcp_response(1, 1, {0, 99}));  // a copy
  EXPECT_EQ(script.next_event(), "report c no response in time");
  EXPECT_EQ(script.conversation.units().at(1).doubled_responses, 1U);
}

TEST(Conversation, late_response_of_modbus_tcp_is_discarded_by_its_transaction_id) {
  Script script;
  script.transaction.protocol = modbus::Protocol::tcp;
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 10, .count = 1});
  EXPECT_EQ(script.next_event(), "send 1:10+1");
  EXPECT_EQ(script.next_event(), "report a no response in time");
  script.submit("a",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 20, .count = 1});
  EXPECT_EQ(script.next_event(), "send 1:20+1");
  script.receive(tcp_response(1, 1, {0xDE, 0xAD}));
  script.receive(tcp_response(2, 1, {0, 20}));
  EXPECT_EQ(script.next(), "report a 20");
}

TEST(Conversation, all_queued_transactions_end_when_connecting_fails) {
  Script script;
  script.conversation.closed({}, script.now);
  script.submit("a", {.function = modbus::Function::holding_registers, .count = 1});
  script.submit("b", {.function = modbus::Function::holding_registers, .count = 1});
  EXPECT_EQ(script.next(), "connect");
  EXPECT_EQ(script.next(), "wait");
  script.conversation.unreachable(Error::connect_failed, {}, script.now);
  EXPECT_EQ(script.next(), "report a cannot connect");
  EXPECT_EQ(script.next(), "report b cannot connect");
  EXPECT_EQ(script.next(), "wait");
}

TEST(Conversation, connection_that_was_closed_while_idle_costs_no_failure) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.report_after(10), "report a 10 11 12");
  script.now += milliseconds{400};
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_TRUE(script.next_event().starts_with("send"));
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "connect");
  script.conversation.opened(script.now);
  EXPECT_EQ(script.report_after(10), "report a 10 11 12");
  script.now += milliseconds{400};
  // A fresh one that closes instead of answering is a failure.
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "connect");
  script.conversation.opened(script.now);
  EXPECT_TRUE(script.next_event().starts_with("send"));
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "report a the peer closed the connection");
}

// Otherwise a request crosses the close, and its repetition waits until it cannot be confused with a late
// one.
TEST(Conversation, request_waits_for_a_peer_that_closes_after_each_response) {
  Script script;
  script.transaction.protocol = modbus::Protocol::tcp;
  script.transaction.request_gap = milliseconds{0};
  const auto submit = [&] {
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 7, .count = 1});
  };
  const auto respond = [&] {
    script.receive(tcp_response(script.transaction_id, 1, {0, 5}));
    EXPECT_EQ(script.next(), "report a 5");
  };
  const auto close = [&] {
    script.later(milliseconds{10});
    script.conversation.closed({}, script.now);
    EXPECT_EQ(script.next(), "connect");
    script.conversation.opened(script.now);
  };
  submit();
  EXPECT_EQ(script.next(), "send 1:7+1");
  for (int connection = 0; connection < 2; ++connection) {
    respond();
    submit();
    EXPECT_EQ(script.next(), "send 1:7+1");
    close();  // the request is sent again on the next connection
    EXPECT_EQ(script.next(), "send 1:7+1");
  }
  respond();
  submit();
  EXPECT_EQ(script.next(), "wait 110");
  close();
  EXPECT_EQ(script.next(), "send 1:7+1");
  respond();
  // A connection that stays open delays one request only.
  submit();
  EXPECT_EQ(script.next(), "wait 110");
  EXPECT_EQ(script.next_event(), "send 1:7+1");
  respond();
  submit();
  EXPECT_EQ(script.next(), "send 1:7+1");
}

TEST(Conversation, connection_without_a_byte_is_reopened_after_two_requests) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.report_after(10), "report a 10 11 12");
  for (int request = 0; request < 2; ++request) {
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                  extensible);
    EXPECT_TRUE(script.next_event().starts_with("send"));
    EXPECT_EQ(script.next_event(), "report a no response in time");
    EXPECT_EQ(script.next(), request == 0 ? "wait" : "close");
  }
}

// Some controllers ignore what arrives during the first seconds of a connection.
TEST(Conversation, new_connection_is_not_reopened_within_five_seconds_and_then_twice_as_late_each_time) {
  Script script;
  std::vector<int> ages_s;
  while (ages_s.size() < 5) {
    const SteadyTime opened_at = script.now;
    std::string event;
    while (event != "close") {
      script.submit("a",
                    {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                    extensible);
      EXPECT_TRUE(script.next_event().starts_with("send"));
      EXPECT_EQ(script.next_event(), "report a no response in time");
      event = script.next();
    }
    ages_s.push_back(static_cast<int>((script.now - opened_at) / std::chrono::seconds{1}));
    script.conversation.closed({}, script.now);
    script.conversation.opened(script.now);
  }
  EXPECT_GE(ages_s[0], 5);
  EXPECT_LT(ages_s[0], 8);
  EXPECT_GE(ages_s[1], 10);
  EXPECT_GE(ages_s[2], 20);
  EXPECT_GE(ages_s[3], 40);
  EXPECT_GE(ages_s[4], 60);
  EXPECT_LT(ages_s[4], 80);
}

// A cycle repeats its request on a new connection, as the controller may not be ready.
TEST(Conversation, connection_is_new_only_when_the_one_before_it_worked) {
  Script script;
  script.transaction.protocol = modbus::Protocol::tcp;
  const auto respond_to_a_request = [&] {
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
    EXPECT_EQ(script.next_event(), "send 1:55+3");
    script.receive(tcp_response(script.transaction_id, 1, numbers(3, 10)));
    EXPECT_EQ(script.next(), "report a 10 11 12");
  };
  const auto close_in_the_middle_of_a_response = [&] {
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3});
    EXPECT_EQ(script.next_event(), "send 1:55+3");
    script.receive({0, 1, 0});
    script.conversation.closed({}, script.now);
    EXPECT_EQ(script.next(), "report a the peer closed the connection");
    script.conversation.opened(script.now);
    return script.reported_new_connection;
  };
  respond_to_a_request();
  EXPECT_FALSE(close_in_the_middle_of_a_response());  // on the connection that worked
  EXPECT_TRUE(close_in_the_middle_of_a_response());   // on the one behind it
  for (int connection = 0; connection < 5; ++connection) EXPECT_FALSE(close_in_the_middle_of_a_response());
  respond_to_a_request();
  script.conversation.closed({}, script.now);
  script.conversation.opened(script.now);
  script.later(std::chrono::seconds{5});
  EXPECT_FALSE(close_in_the_middle_of_a_response());  // it is not new any more
}

TEST(Conversation, connection_that_brings_only_wrong_bytes_is_reopened_after_four_requests) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.report_after(10), "report a 10 11 12");
  for (int request = 1; request <= 4; ++request) {
    script.later(std::chrono::seconds{20});
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                  extensible);
    EXPECT_TRUE(script.next_event().starts_with("send"));
    script.receive({0x81, 0x07, 0xE3, 0x99});
    EXPECT_EQ(script.next_event(), "report a damaged response (wrong CRC)");
    EXPECT_EQ(script.next_event(), request < 4 ? "wait" : "close");
  }
}

TEST(Conversation, first_request_waits_for_the_longest_connect_delay_of_the_connection) {
  Script script;
  script.conversation.closed({}, script.now);
  script.transaction.connect_delay = milliseconds{3'000};
  script.submit("slow",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  script.transaction.connect_delay = milliseconds{0};
  script.submit("other",
                {.unit_id = 2, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.next(), "connect");
  script.later(milliseconds{20});
  script.conversation.opened(script.now);
  EXPECT_EQ(script.next(), "wait 3000");
  script.later(milliseconds{3'000});
  EXPECT_EQ(script.next(), "send 1:55+3");
  script.conversation.withdraw(script.handlers["slow"]);
  script.conversation.closed({}, script.now);
  while (script.next() != "connect") {
  }
  script.conversation.opened(script.now);
  EXPECT_EQ(script.next(), "wait 50");
}

TEST(Conversation, connection_that_stalls_for_five_seconds_is_opened_anew_after_one) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.report_after(10), "report a 10 11 12");
  script.transaction.timeout = std::chrono::seconds{5};
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_TRUE(script.next_event().starts_with("send"));
  EXPECT_EQ(script.next_event(), "report a no response in time");
  EXPECT_EQ(script.next(), "close");
}

TEST(Conversation, withdrawn_requester_gets_no_report_and_the_line_stays_busy_until_its_response) {
  Script script;
  script.submit("gone",
                {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.conversation.withdraw(script.handlers["gone"]);
  script.submit("stays",
                {.unit_id = 2, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  EXPECT_EQ(script.next(), "wait 1000");
  script.receive(rtu_response(1, numbers(3, 1)));
  EXPECT_EQ(script.next_event(), "send 2:55+3");
}

TEST(Conversation, line_that_is_never_silent_still_gets_requests) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  const SteadyTime start = script.now;
  std::string step = script.next();
  while (step.starts_with("wait")) {
    ASSERT_LT(script.now - start, std::chrono::seconds{2});
    script.later(milliseconds{20});
    script.receive(Bytes{0x55});
    step = script.next();
  }
  EXPECT_EQ(step, "send 1:55+3");
  EXPECT_GE(script.now - start, milliseconds{1'000});
}

// The limit of that wait is of the one who waited: it ends with it, or with the connection.
TEST(Conversation, request_after_one_that_waited_in_vain_for_silence_waits_for_the_gap) {
  for (const bool reconnects : {false, true}) {
    Script script;
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                  extensible);
    script.receive(Bytes{0x55});
    EXPECT_TRUE(script.next().starts_with("wait"));
    if (reconnects) {
      script.conversation.closed({}, script.now);
      EXPECT_EQ(script.next_event(), "connect");
    } else {
      script.conversation.withdraw(script.handlers["a"]);
      EXPECT_TRUE(script.next().starts_with("wait"));
    }
    script.later(milliseconds{5'000});
    if (reconnects) {
      script.conversation.opened(script.now);
    } else {
      EXPECT_EQ(script.next(), "wait");
      script.receive(Bytes{0x55});
      script.submit("b",
                    {.unit_id = 2, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                    extensible);
    }
    const std::string step = script.next();
    EXPECT_TRUE(step.starts_with("wait")) << step;
  }
}

TEST(Conversation, reading_settles_until_an_answer_to_its_last_request_would_have_come) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  script.next_event();
  script.later(milliseconds{100});
  script.respond(10);
  const auto settling = [&] { return script.conversation.settling_time(milliseconds{50}, script.now); };
  EXPECT_EQ(settling(), milliseconds{200});
  script.later(milliseconds{180});
  EXPECT_EQ(settling(), milliseconds{50});
  script.receive(rtu_request(9, 100, 3));  // another master
  EXPECT_EQ(settling(), milliseconds{250});
}

TEST(Conversation, utilisation_is_the_time_in_which_a_request_was_under_way) {
  Script script;
  script.submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                extensible);
  script.next_event();
  script.later(milliseconds{120});
  script.respond(10);
  script.next_event();
  script.later(milliseconds{130});
  script.respond(10);
  script.next();
  EXPECT_EQ(script.conversation.busy().total(script.now), milliseconds{250});
}

}  // namespace
}  // namespace gensetd::link
