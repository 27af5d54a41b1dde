#include "link/error.hpp"
#include "modbus/error.hpp"
#include "script.hpp"

#include <gtest/gtest.h>

// Whose answer is it? Everything that must never be taken for ours.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Room for counts 3 to 7 for 55+3, and 10 to 14 for tens.
constexpr Room threes{.first = 50, .end = 90, .limit = 7};
constexpr Room tens{.first = 50, .end = 130, .limit = 14};

// A line on which unit 1 has answered 55+3 before, so that an answer that carries on is believed at once.
class KnownLine : public testing::Test {
 protected:
  KnownLine() {
    ask();
    EXPECT_EQ(script.told_after(400), "tell a 400 401 402");
    script.later(seconds{70});  // all counts are rested
    EXPECT_EQ(script.next(), "wait");
  }

  void ask() { script.submit("a", {.unit_id = 1, .first = 55, .count = 3}, threes); }

  const Counters& unit() { return script.conversation.units().at(1); }

  Script script;
};

TEST_F(KnownLine, answer_that_carries_on_is_told_at_once) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
}

TEST_F(KnownLine, late_answer_is_not_taken_for_the_next_of_equal_unit_and_block_length) {
  script.submit("a", {.unit_id = 1, .first = 65, .count = 3}, threes);
  EXPECT_EQ(script.next_event(), "send 1:65+3");
  EXPECT_EQ(script.next_event(), "tell a no answer in time");
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // a count that no late answer has
  script.hear(rtu_answer(1, numbers(3, 399)));    // the late one
  EXPECT_EQ(script.next().substr(0, 4), "wait");
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  EXPECT_EQ(unit().late_answers, 1U);
}

TEST_F(KnownLine, count_of_an_unanswered_request_is_not_used_for_ten_seconds_even_for_the_same_registers) {
  // No room to grow: only one count there is.
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  EXPECT_EQ(script.next_event(), "tell a no answer in time");
  const SteadyTime given_up = script.now;
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  EXPECT_GE(script.now - given_up, DistinctCounts::late_answer_max);
}

TEST_F(KnownLine, other_units_are_asked_meanwhile) {
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  script.next_event();
  EXPECT_EQ(script.next_event(), "tell a no answer in time");
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  script.submit("b", {.unit_id = 2, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 2:55+3");
}

TEST_F(KnownLine, late_answer_is_not_taken_on_the_next_connection_either) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "connect");
  script.conversation.opened(script.now);
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.hear(rtu_answer(1, numbers(3, 999)));
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
}

TEST_F(KnownLine, repetition_waits_for_a_distinguishable_count_no_longer_than_it_may) {
  script.transaction.hold_max = milliseconds{2'000};
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  EXPECT_EQ(script.next_event(), "tell a no answer in time");
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  EXPECT_EQ(script.next(), "tell a not repeated: a response could be mistaken for a late one");
  script.later(milliseconds{8'500});
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
}

TEST_F(KnownLine, doubled_answer_is_not_taken_for_the_next) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.hear(rtu_answer(1, numbers(3, 400)));
  EXPECT_EQ(script.next().substr(0, 4), "wait");
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  EXPECT_EQ(unit().doubled_answers, 1U);
  EXPECT_EQ(unit().foreign_frames, 0U);
}

TEST_F(KnownLine, broken_answer_is_told_as_soon_as_the_line_is_silent) {
  ask();
  script.next_event();
  Bytes broken = rtu_answer(1, numbers(3, 400));
  broken.back() ^= 1U;
  script.hear(broken);
  const SteadyTime came = script.now;
  EXPECT_EQ(script.next_event(), "tell a broken answer (wrong CRC)");
  EXPECT_LE(script.now - came, milliseconds{160});
  EXPECT_EQ(unit().broken_frames, 1U);
}

TEST_F(KnownLine, good_answer_behind_a_broken_one_is_taken) {
  ask();
  script.next_event();
  Bytes broken = rtu_answer(1, numbers(3, 400));
  broken.back() ^= 1U;
  script.hear(broken);
  script.answer(400);
  EXPECT_EQ(script.next_event(), "tell a 400 401 402");
}

TEST_F(KnownLine, request_of_another_master_is_not_an_answer_and_its_answer_is_waited_for) {
  script.hear(rtu_request(1, 100, 3));
  EXPECT_TRUE(script.conversation.shared(script.now));
  ask();
  EXPECT_EQ(script.next(), "wait 250");  // whoever was asked answers first
  script.later(milliseconds{90});
  script.hear(rtu_answer(1, numbers(3, 9'000)));
  EXPECT_EQ(script.next(), "wait 50");
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // not the count that somebody else uses
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  EXPECT_EQ(unit().foreign_frames, 2U);
  EXPECT_EQ(script.conversation.last_foreign().unit_id, 1);
}

TEST_F(KnownLine, request_of_another_master_for_our_unit_and_count_while_we_wait_ends_the_wait) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.hear(rtu_request(1, 100, 3));
  EXPECT_EQ(script.next(), "tell a an answer to another request");
  script.hear(rtu_answer(1, numbers(3, 400)));
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+4");
}

TEST_F(KnownLine, echo_of_our_own_request_changes_nothing) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.hear(rtu_request(1, 55, 3));
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  EXPECT_FALSE(script.conversation.shared(script.now));
}

TEST_F(KnownLine, foreign_answer_without_a_request_in_place_of_ours_is_asked_for_again_by_another_count) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.hear(rtu_answer(1, numbers(3, 9'000)));  // of registers that somebody else asked for; ours is lost
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  script.answer(400);
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.hear(rtu_answer(1, numbers(3, 400)));  // ours, late: its count is not asked for now
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  EXPECT_EQ(unit().confirmations, 3U);  // and one when the line was new
}

TEST_F(KnownLine, two_answers_of_equal_unit_and_count_bring_the_one_told_into_doubt) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.hear(rtu_answer(1, numbers(3, 400)));  // looks like ours
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  script.later(milliseconds{40});
  script.hear(rtu_answer(1, numbers(3, 402)));
  EXPECT_EQ(script.next(), "doubt a 55+3");
  EXPECT_EQ(unit().doubts, 1U);
}

// Neither is confirmed by a third that carries on from it: it may be the other that is ours.
TEST_F(KnownLine, two_answers_of_equal_unit_and_count_end_the_chance_of_one_that_is_to_be_confirmed) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.hear(rtu_answer(1, numbers(3, 500)));  // not ours
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  script.hear(rtu_answer(1, numbers(3, 510)));
  script.hear(rtu_answer(1, numbers(2, 510)));
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.answer(510);
  EXPECT_EQ(script.next(), "tell a 510 511 512");
}

TEST_F(KnownLine, copy_of_an_answer_that_is_to_be_confirmed_changes_nothing) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.answer(500);
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  script.hear(rtu_answer(1, numbers(3, 500)));
  script.hear(rtu_answer(1, numbers(2, 500)));
  EXPECT_EQ(script.next(), "tell a 500 501 502");
}

// The count may have to be used again so soon.
TEST_F(KnownLine, copy_of_an_answer_that_is_to_be_confirmed_does_not_bring_an_older_one_into_doubt) {
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  script.later(milliseconds{600});
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.answer(500);
  script.answer(500);
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  EXPECT_EQ(unit().doubts, 0U);
}

// Ours, torn by a pause or with a byte that is wrong.
TEST_F(KnownLine, damaged_answer_behind_one_of_equal_unit_and_count_brings_that_into_doubt) {
  const Bytes ours = rtu_answer(1, numbers(3, 402));
  Bytes changed = ours;
  changed[5] ^= 1U;
  for (const Bytes& damaged : {Bytes(ours.begin(), ours.begin() + 7), changed}) {
    ask();
    script.next_event();
    Bytes seen = damaged;
    seen[2] = static_cast<std::uint8_t>(2 * script.sent.count);
    script.answer(400);
    EXPECT_EQ(script.next(), "tell a 400 401 402");
    script.later(milliseconds{400});
    script.hear(seen);
    EXPECT_EQ(script.next_event(), "doubt a 55+3");
    script.later(seconds{70});
    EXPECT_EQ(script.next(), "wait");
  }
}

TEST_F(KnownLine, garbage_brings_the_last_answer_into_doubt_for_as_long_as_ours_may_take) {
  for (const int after : {60, 400}) {
    ask();
    EXPECT_EQ(script.next_event(), "send 1:55+3");
    script.answer(400);
    EXPECT_EQ(script.next(), "tell a 400 401 402");
    script.later(milliseconds{after});
    script.hear({0xFE, 0xFE, 0xFE});
    EXPECT_EQ(script.next(), after < 300 ? "doubt a 55+3" : "wait");
    EXPECT_EQ(script.next(), "wait");
    script.later(seconds{70});
  }
}

// What counts is when it came, not when it is known to be garbage.
TEST_F(KnownLine, first_byte_of_a_torn_answer_brings_the_last_into_doubt) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  script.later(milliseconds{200});
  script.hear({1});
  EXPECT_EQ(script.next_event(), "doubt a 55+3");
}

// 01 03 and the beginning of another answer together are the head of one register's.
TEST_F(KnownLine, head_that_an_older_answer_has_brings_the_last_into_doubt_too) {
  script.submit("b", {.unit_id = 3, .first = 10, .count = 1});
  EXPECT_EQ(script.told_after(7), "tell b 7");
  script.submit("c", {.unit_id = 3, .first = 55, .count = 3}, threes);
  EXPECT_EQ(script.told_after(400), "tell c 400 401 402");
  script.later(milliseconds{100});
  script.hear({3, 3});
  script.later(milliseconds{20});
  script.hear({2});
  EXPECT_EQ(script.next_event(), "doubt b 10+1");
  EXPECT_EQ(script.next(), "doubt c 55+3");
}

TEST_F(KnownLine, torn_answer_ends_the_chance_of_one_that_is_to_be_confirmed) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.hear(rtu_answer(1, numbers(3, 500)));  // not ours
  script.later(milliseconds{40});
  script.hear({1, 3});
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // the whole of it, not a part
}

// Many converters close the connection after each response (field notes, 25).
TEST_F(KnownLine, end_of_the_connection_says_nothing_where_nobody_else_is) {
  for (int round = 0; round < 20; ++round) {
    ask();
    EXPECT_TRUE(script.next_event().starts_with("send")) << round;
    script.answer(400);
    EXPECT_EQ(script.next(), "tell a 400 401 402");
    script.conversation.closed({}, script.now);
    EXPECT_EQ(script.next(), "wait") << round;
    script.conversation.opened(script.now);
  }
}

TEST_F(KnownLine, end_of_the_connection_does_not_keep_a_first_response_from_being_confirmed) {
  script.submit("a", {.unit_id = 1, .first = 70, .count = 10});
  EXPECT_EQ(script.next_event(), "send 1:70+10");
  script.answer(500);
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "connect");
  script.conversation.opened(script.now);
  EXPECT_EQ(script.next_event(), "send 1:70+9");
  script.answer(500);
  EXPECT_EQ(script.next(), "tell a 500 501 502 503 504 505 506 507 508 509");
}

TEST_F(KnownLine, end_of_the_connection_brings_what_was_just_told_into_doubt_where_others_are) {
  for (const int after : {100, 400}) {
    script.hear(rtu_answer(9, numbers(7, 1)));
    ask();
    script.next_event();
    script.answer(400);
    EXPECT_EQ(script.next(), "tell a 400 401 402");
    script.later(milliseconds{after});
    script.conversation.closed({}, script.now);
    EXPECT_EQ(script.next(), after < 300 ? "doubt a 55+3" : "wait");
    script.conversation.opened(script.now);
    script.later(seconds{70});
  }
}

TEST_F(KnownLine, end_of_the_connection_ends_the_chance_of_one_that_is_to_be_confirmed_where_others_are) {
  script.hear(rtu_answer(9, numbers(7, 1)));
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.hear(rtu_answer(1, numbers(3, 500)));  // not ours
  script.conversation.closed({}, script.now);
  EXPECT_EQ(script.next(), "connect");
  script.conversation.opened(script.now);
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // the whole of it, not a part
}

TEST_F(KnownLine, part_behind_a_part_does_not_make_a_whole) {
  script.submit("a", {.unit_id = 1, .first = 70, .count = 10});
  EXPECT_EQ(script.next_event(), "send 1:70+10");
  script.answer(500);
  EXPECT_EQ(script.next_event(), "send 1:70+9");
  script.answer(900);  // ours: what was before it was not
  EXPECT_EQ(script.next_event(), "send 1:70+10");
  script.later(milliseconds{100});
  script.hear(with_crc({1, 0x83, 4}));
  EXPECT_EQ(script.next_event(), "send 1:70+8");
  script.answer(900);
  EXPECT_EQ(script.told_after(900), "tell a 900 901 902 903 904 905 906 907 908 909");
}

TEST_F(KnownLine, half_a_frame_is_undecided_until_the_line_was_silent) {
  script.hear({1, 3, 6, 0, 1});
  EXPECT_EQ(script.conversation.undecided_until(), script.now + milliseconds{150});
  script.later(milliseconds{150});
  EXPECT_EQ(script.next(), "wait");
  EXPECT_FALSE(script.conversation.undecided_until());
}

// One answer with the right CRC in 65,536 that had a byte more or less is a wrong one.
TEST_F(KnownLine, bytes_that_follow_an_answer_at_once_and_are_no_frame_bring_it_into_doubt) {
  for (const Bytes& behind : {Bytes{0x01}, Bytes{0xFE}, Bytes{0x01, 0x03, 0x06, 0x00}}) {
    ask();
    script.next_event();
    Bytes bytes = rtu_answer(1, numbers(script.sent.count, 400));
    bytes.insert(bytes.end(), behind.begin(), behind.end());
    script.hear(bytes);
    EXPECT_EQ(script.next(), "tell a 400 401 402");
    EXPECT_EQ(script.next(), "doubt a 55+3");
    script.later(seconds{6});
    EXPECT_EQ(script.next(), "wait");
  }
}

// Drivers that switch late, missing termination: at once, after a pause, and in pieces.
TEST_F(KnownLine, few_bytes_00_and_ff_around_responses_bring_nothing_into_doubt) {
  const std::vector<Bytes> runs{{0x00}, {0x00, 0x00, 0x00}, {0xFF}, {0xFF, 0x00, 0xFF}};
  for (const Bytes& run : runs) {
    for (const bool at_once : {true, false}) {
      ask();
      EXPECT_TRUE(script.next_event().starts_with("send"));
      script.hear(run);
      Bytes bytes = rtu_answer(1, numbers(script.sent.count, 400 - (55U - script.sent.first)));
      if (at_once) bytes.insert(bytes.end(), run.begin(), run.end());
      script.hear(bytes);
      EXPECT_EQ(script.next(), "tell a 400 401 402");
      if (!at_once) {
        script.later(milliseconds{20});
        script.hear(run);
      }
      EXPECT_EQ(script.next(), "wait");  // the next request needs no more than the request gap
      script.later(milliseconds{700});
    }
  }
  EXPECT_EQ(unit().doubts, 0U);
}

TEST_F(KnownLine, text_that_stands_before_each_response_is_usual_after_three) {
  const std::string text = "www.usr.cn";
  for (int cycle = 0; cycle < 12; ++cycle) {
    ask();
    EXPECT_TRUE(script.next_event().starts_with("send"));
    Bytes bytes(text.begin(), text.end());
    const Bytes response = rtu_answer(1, numbers(script.sent.count, 400 - (55U - script.sent.first)));
    bytes.insert(bytes.end(), response.begin(), response.end());
    script.hear(bytes);
    std::string event = script.next();
    while (event.starts_with("doubt")) event = script.next();
    EXPECT_EQ(event, "tell a 400 401 402");
    if (cycle >= 3) {
      EXPECT_EQ(script.next(), "wait") << cycle;
    }
    script.later(milliseconds{100 + 700 * (cycle % 2)});
  }
  EXPECT_EQ(script.conversation.stray_bytes().substr(0, 39), "10 stray bytes before each response: ch");
}

// A torn response may end behind its first byte: the unit id alone is evidence, however often it comes. The
// cycles stand so far apart that no response is proven by the one before it.
TEST_F(KnownLine, unit_id_of_a_polled_controller_is_never_learned_as_a_stray_byte) {
  script.hear(rtu_answer(7, numbers(3, 1)));  // of a unit that is heard and not polled
  struct Case {
    const char* name;
    std::uint8_t byte;
    bool is_learned;
  };
  for (const Case& one : {Case{"polled", 1, false}, Case{"heard", 7, true}, Case{"unknown", 0x55, true}}) {
    for (int cycle = 0; cycle < 24; ++cycle) {
      script.later(seconds{6});
      ask();
      EXPECT_TRUE(script.next_event().starts_with("send"));
      Bytes bytes = rtu_answer(1, numbers(script.sent.count, 400 - (55U - script.sent.first)));
      bytes.push_back(one.byte);
      script.hear(bytes);
      EXPECT_EQ(script.next(), "tell a 400 401 402");
      const bool is_doubted = script.next_event() == "doubt a 55+3";
      if (cycle < 16) continue;
      EXPECT_EQ(is_doubted, !one.is_learned) << one.name << ", cycle " << cycle;
    }
  }
}

TEST_F(KnownLine, heads_of_torn_responses_are_evidence_however_often_they_come) {
  for (const Bytes& head : {Bytes{1}, Bytes{1, 3}, Bytes{1, 3, 6}, Bytes{1, 3, 6, 0, 1}}) {
    for (int cycle = 0; cycle < 24; ++cycle) {
      script.later(seconds{6});
      ask();
      EXPECT_TRUE(script.next_event().starts_with("send"));
      script.answer(400);
      EXPECT_EQ(script.next(), "tell a 400 401 402");
      script.later(milliseconds{20});
      script.hear(head);
      EXPECT_EQ(script.next_event(), "doubt a 55+3") << "head of " << head.size() << ", cycle " << cycle;
    }
  }
}

// Where stray bytes are frequent but not usual, one makes a response doubtful once: the next response, by
// another count, agrees.
TEST_F(KnownLine, response_that_agrees_with_a_doubted_one_is_proof_against_garbage) {
  unsigned noise = 0x11;
  const auto respond = [&](bool noisy) {
    ask();
    EXPECT_TRUE(script.next_event().starts_with("send"));
    Bytes bytes = rtu_answer(1, numbers(script.sent.count, 400 - (55U - script.sent.first)));
    for (int byte = 0; noisy && byte < 4; ++byte) bytes.push_back(static_cast<std::uint8_t>(noise += 0x21));
    script.hear(bytes);
    EXPECT_EQ(script.next(), "tell a 400 401 402");
    return script.next_event();
  };
  for (int response = 0; response < 16; ++response) {
    respond(response % 2 == 0);
    script.later(seconds{6});
  }
  EXPECT_EQ(respond(true), "doubt a 55+3");
  EXPECT_EQ(respond(true), "wait");
}

// Once a unit's response times are known, a lost response of a request that can be repeated costs less than
// the timeout.
TEST_F(KnownLine, request_that_can_be_repeated_waits_for_twice_the_usual_time) {
  for (int request = 0; request < 10; ++request) {
    script.later(seconds{6});
    ask();
    EXPECT_TRUE(script.next_event().starts_with("send"));
    script.later(milliseconds{100});
    script.answer(400);
    EXPECT_EQ(script.next(), "tell a 400 401 402");
  }
  script.later(seconds{6});
  script.transaction.repeatable = true;
  ask();
  EXPECT_TRUE(script.next_event().starts_with("send"));
  const SteadyTime sent_at = script.now;
  EXPECT_EQ(script.next_event(), "tell a no answer in time");
  EXPECT_LE(script.now - sent_at, milliseconds{450});
  script.transaction.repeatable = false;
  ask();
  EXPECT_TRUE(script.next_event().starts_with("send"));
  const SteadyTime sent_again_at = script.now;
  EXPECT_EQ(script.next_event(), "tell a no answer in time");
  EXPECT_GE(script.now - sent_again_at, script.transaction.timeout);
}

TEST_F(KnownLine, bytes_that_follow_an_answer_that_is_not_believed_yet_end_its_chance) {
  ask();
  script.next_event();
  Bytes bytes = rtu_answer(1, numbers(script.sent.count, 900));
  bytes.push_back(0x01);
  script.hear(bytes);
  EXPECT_EQ(script.next_event(), "send 1:55+4");  // the whole of it, not a part
}

TEST_F(KnownLine, frame_of_somebody_else_that_follows_an_answer_at_once_does_not) {
  ask();
  script.next_event();
  Bytes bytes = rtu_answer(1, numbers(script.sent.count, 400));
  const Bytes behind = rtu_answer(7, numbers(3, 1));
  bytes.insert(bytes.end(), behind.begin(), behind.end());
  script.hear(bytes);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  EXPECT_EQ(script.next(), "wait");
}

TEST_F(KnownLine, after_a_request_like_ours_of_somebody_else_two_answers_may_come) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.hear(rtu_request(1, 55, 3));
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  const SteadyTime told = script.now;
  for (script.later(seconds{1}); script.now < told + DistinctCounts::late_answer_max;
       script.later(seconds{1})) {
    ask();
    script.next_event();
    EXPECT_NE(script.sent.count, 3);
    script.answer(400);
    script.next();
  }
}

TEST_F(KnownLine, line_that_echoes_every_request_is_known_as_such) {
  for (int time = 0; time < 5; ++time) {
    script.later(seconds{70});
    ask();
    EXPECT_EQ(script.next_event(), "send 1:55+3");
    script.hear(rtu_request(1, 55, 3));
    script.answer(400);
    EXPECT_EQ(script.next(), "tell a 400 401 402");
    EXPECT_FALSE(script.conversation.shared(script.now));
  }
  script.later(seconds{6});
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
}

TEST_F(KnownLine, count_that_somebody_else_asks_for_without_request_is_left_to_them) {
  for (int time = 0; time < 2; ++time) {
    script.hear(rtu_answer(1, numbers(4, 9'000u + 100u * static_cast<unsigned>(time))));
    script.later(seconds{20});
  }
  EXPECT_TRUE(script.conversation.shared(script.now));
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.answer(400);
  EXPECT_EQ(script.next(), "tell a 400 401 402");
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+5");
}

TEST_F(KnownLine, where_others_ask_for_every_count_nothing_is_asked) {
  script.hear(rtu_request(1, 100, 3));
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});  // no room
  EXPECT_EQ(script.next_event(),
            "tell a not asked: others on the line ask for answers that could not be told from it");
  // Forgotten after ten minutes.
  script.later(std::chrono::minutes{10});
  script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
  EXPECT_EQ(script.next_event(), "send 1:55+3");
}

// The one count of a single register is used again after a response that was not accepted, but never while
// others use it. Nor does such a read then wait for ten minutes.
TEST_F(KnownLine, single_register_is_not_requested_where_others_request_one) {
  script.submit("a", {.unit_id = 1, .first = 200, .count = 1});
  EXPECT_EQ(script.next_event(), "send 1:200+1");
  script.hear(rtu_answer(1, numbers(1, 7)));
  script.hear(rtu_request(1, 5, 1));
  EXPECT_EQ(script.next_event(),
            "tell a not asked: others on the line ask for answers that could not be told from it");
  script.submit("b", {.unit_id = 1, .first = 201, .count = 1});
  EXPECT_EQ(script.next_event(),
            "tell b not asked: others on the line ask for answers that could not be told from it");
}

TEST_F(KnownLine, much_that_changes_at_once_is_asked_for_again_and_then_told) {
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+3");
  script.answer(20);
  EXPECT_EQ(script.next_event(), "send 1:55+2");
  script.answer(25);
  EXPECT_EQ(script.next(), "tell a 20 21 22");
}

TEST_F(KnownLine, what_goes_on_changing_is_told_in_the_end) {
  ask();
  for (const unsigned value : {1'000U, 3'000U, 9'000U, 20'000U, 30'000U}) {
    EXPECT_EQ(script.next_event().substr(0, 4), "send");
    script.answer(value);
  }
  EXPECT_EQ(script.next(), "tell a 30000 30001 30002");
}

TEST_F(KnownLine, exception_is_believed_when_it_comes_twice) {
  script.transaction.room = {};
  for (int time = 0; time < 2; ++time) {
    script.submit("a", {.unit_id = 1, .first = 55, .count = 3});
    EXPECT_EQ(script.next_event(), "send 1:55+3");
    script.hear(with_crc({1, 0x83, 2}));
    if (time == 0) {
      EXPECT_EQ(script.next_event(), "send 1:55+2");
      script.hear(with_crc({1, 0x83, 2}));
      script.later(DistinctCounts::late_answer_max);
    }
    EXPECT_EQ(script.next(), "tell a exception 2") << time;
  }
}

TEST_F(KnownLine, exception_to_an_earlier_request_is_not_taken_for_an_answer) {
  ask();
  script.next_event();
  EXPECT_EQ(script.next_event(), "tell a no answer in time");
  ask();
  EXPECT_EQ(script.next_event(), "send 1:55+4");
  script.hear(with_crc({1, 0x83, 2}));
  script.answer(400);
  EXPECT_EQ(script.next_event(), "tell a 400 401 402");
}

TEST_F(KnownLine, more_registers_that_stay_silent_are_soon_not_asked_for) {
  const auto silent_cycles = [&](int cycles) {
    int silent = 0;
    for (int cycle = 0; cycle < cycles; ++cycle) {
      script.submit("a", {.unit_id = 1, .first = 65, .count = 3}, threes);
      std::string event = script.next_event();
      while (event.starts_with("send")) {
        if (script.sent.count <= 3) script.answer(400);
        event = script.next_event();
      }
      if (event != "tell a 400 401 402") ++silent;
      script.later(seconds{2});
    }
    return silent;
  };
  EXPECT_EQ(silent_cycles(60), 3);
  script.later(std::chrono::hours{1});
  EXPECT_EQ(silent_cycles(60), 3);  // then it is tried anew
}

TEST_F(KnownLine, more_registers_are_tried_anew_when_somebody_else_has_the_only_count_left) {
  for (int cycle = 0; cycle < 60; ++cycle) {
    script.submit("a", {.unit_id = 1, .first = 65, .count = 3}, threes);
    for (std::string event = script.next_event(); event.starts_with("send"); event = script.next_event()) {
      if (script.sent.count <= 3) script.answer(400);
    }
    script.later(seconds{2});
  }
  script.hear(rtu_request(1, 100, 3));
  script.submit("a", {.unit_id = 1, .first = 65, .count = 3}, threes);
  EXPECT_EQ(script.next_event(), "send 1:65+4");
  script.answer(400);
  EXPECT_EQ(script.next_event(), "tell a 400 401 402");
}

TEST_F(KnownLine, modbus_tcp_answer_is_named_as_the_other_protocol) {
  ask();
  script.next_event();
  script.hear({0, 1, 0, 0, 0, 9, 1, 3, 6, 0, 7, 0, 7, 0, 7});
  EXPECT_EQ(script.next(), "tell a the peer speaks the other protocol");
}

TEST_F(KnownLine, answer_of_another_unit_is_named) {
  ask();
  script.next_event();
  script.hear(rtu_answer(7, numbers(3, 400)));
  Action action = script.conversation.next(script.now);
  while (std::holds_alternative<Wait>(action)) {
    script.now = std::get<Wait>(action).until;
    action = script.conversation.next(script.now);
  }
  const auto& outcome = std::get<Tell>(action).outcome;
  EXPECT_EQ(outcome.error, modbus::Error::foreign_answer);
  EXPECT_EQ(outcome.other_unit, 7);
}

TEST_F(KnownLine, answers_of_equal_block_length_follow_each_other_without_a_wait) {
  // Three blocks of ten of one unit, again and again: before long each request goes out when the gap is over.
  for (int cycle = 0; cycle < 20; ++cycle) {
    for (const unsigned first : {55U, 75U, 109U}) {
      script.submit("a", {.unit_id = 1, .first = static_cast<std::uint16_t>(first), .count = 10}, tens);
      const SteadyTime submitted = script.now;
      std::string event = script.next_event();
      ASSERT_EQ(event.substr(0, 4), "send");
      if (cycle >= 10) {
        ASSERT_LE(script.now - submitted, milliseconds{51}) << cycle;
      }
      for (; event.starts_with("send"); event = script.next_event()) {
        script.later(milliseconds{100});
        script.answer(first * 10);
      }
      ASSERT_EQ(event.substr(0, 6), "tell a");
    }
    script.later(milliseconds{1'500});
  }
}

}  // namespace
}  // namespace gensetd::link
