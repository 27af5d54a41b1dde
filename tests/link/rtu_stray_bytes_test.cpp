#include "known_line.hpp"

#include <gtest/gtest.h>

// Stray bytes on a serial line: when they are evidence that a response is not ours, and when they are usual.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

TEST_F(KnownLine, stray_bytes_directly_behind_an_unconfirmed_response_discard_it) {
  submit_read();
  script.next_event();
  Bytes bytes = rtu_response(1, numbers(script.sent.count, 900));
  bytes.push_back(0x01);
  script.receive(bytes);
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // the whole of it, not a part
}

}  // namespace
}  // namespace gensetd::link
