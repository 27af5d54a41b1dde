#include "script.hpp"

#include <gtest/gtest.h>

#include <set>

// Modbus TCP connections on which frames arrive that are no response to our request: copies of other clients'
// responses, late ones, and gateways that answer an earlier request under the id of a later one.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;

constexpr Room some_room{.first = 0, .end = 40, .limit = 40};

class Gateway : public testing::Test, protected Script {
 protected:
  Gateway() {
    transaction.protocol = modbus::Protocol::tcp;
    transaction.request_gap = milliseconds{0};
  }

  void ask(unsigned unit_id, std::uint16_t first = 0, std::uint16_t count = 10) {
    submit("a", {.unit_id = static_cast<std::uint8_t>(unit_id), .first = first, .count = count}, some_room);
    EXPECT_TRUE(next_event().starts_with("send"));
  }

  Bytes response(unsigned value) const {
    return tcp_answer(transaction_id, sent.unit_id, numbers(sent.count, value + sent.first));
  }

  // One exchange, with its confirmation where there is one.
  std::string exchange(unsigned unit_id, unsigned value) {
    ask(unit_id);
    hear(response(value));
    std::string event = next();
    while (event.starts_with("send")) {
      hear(response(value));
      event = next();
    }
    return event;
  }
};

// Ids before, at and after the next one; our unit and others; responses, exceptions, other functions.
TEST_F(Gateway, frames_on_an_idle_connection_are_dropped_whatever_they_contain) {
  ask(1);
  hear(response(100));
  EXPECT_TRUE(next().starts_with("tell a 100"));
  const unsigned last = transaction_id;
  unsigned frames = 0;
  for (unsigned id = last - 3; id <= last + 3; ++id) {
    for (unsigned unit_id : {0U, 1U, 2U, 255U}) {
      hear(tcp_answer(id, unit_id, {0, 1}));
      hear(tcp_answer(id, unit_id, numbers(10, 7)));
      hear(tcp_exception(id, unit_id, 2));
      hear({0, static_cast<std::uint8_t>(id), 0, 0, 0, 3, static_cast<std::uint8_t>(unit_id), 0x10, 0});
      frames += 4;
      EXPECT_EQ(next(), "wait");
    }
  }
  const Counters sum = conversation.sum_of_units();
  EXPECT_EQ(sum.doubled_answers + sum.foreign_frames + sum.late_answers, frames);
  EXPECT_EQ(exchange(1, 100), "tell a 100 101 102 103 104 105 106 107 108 109");
}

TEST_F(Gateway, frames_before_the_first_request_and_in_pieces_are_dropped) {
  const Bytes frame = tcp_answer(1, 1, {0, 1});
  for (const std::uint8_t byte : frame) {
    hear({byte});
    EXPECT_EQ(next(), "wait");
  }
  EXPECT_EQ(exchange(1, 100), "tell a 100 101 102 103 104 105 106 107 108 109");
}

TEST_F(Gateway, first_transaction_id_is_the_one_drawn_for_the_connection) {
  conversation.closed({}, now);
  submit("a", {.unit_id = 1, .first = 0, .count = 1});
  EXPECT_EQ(next(), "connect");
  conversation.opened(now, std::uint16_t{0xFFFF});
  EXPECT_EQ(next(), "send 1:0+1");
  EXPECT_EQ(transaction_id, 0xFFFF);
  hear(response(1));
  EXPECT_EQ(next(), "tell a 1");
  ask(1);
  EXPECT_EQ(transaction_id, 0);
}

TEST_F(Gateway, response_with_our_id_and_another_length_fails_all_requests_and_reopens_the_connection) {
  transaction.requests_in_flight = 2;
  submit("a", {.unit_id = 1, .first = 0, .count = 10}, some_room);
  submit("b", {.unit_id = 1, .first = 0, .count = 8}, some_room);
  EXPECT_EQ(next(), "send 1:0+10");
  const unsigned first_id = transaction_id;
  EXPECT_EQ(next(), "send 1:0+8");
  hear(tcp_answer(first_id, 1, numbers(8, 5)));
  EXPECT_EQ(next(), "tell a the response has another number of registers");
  EXPECT_EQ(next(), "tell b an answer to another request");
  EXPECT_EQ(next(), "close");
}

TEST_F(Gateway, response_with_our_id_of_another_unit_reopens_the_connection) {
  ask(1);
  hear(tcp_answer(transaction_id, 2, numbers(10, 5)));
  EXPECT_EQ(next(), "tell a an answer to another request");
  EXPECT_EQ(next(), "close");
}

TEST_F(Gateway, response_without_our_id_is_named) {
  ask(1);
  hear(tcp_answer(transaction_id + 1U, 1, numbers(10, 5)));
  EXPECT_EQ(next_event(), "tell a the response carries another transaction id");
}

TEST_F(Gateway, several_units_are_never_asked_for_a_count_of_the_last_seven_requests) {
  std::vector<unsigned> counts;
  for (int round = 0; round < 20; ++round) {
    for (unsigned unit_id : {1U, 2U, 3U}) {
      ask(unit_id);
      counts.push_back(sent.count);
      hear(response(100 * unit_id));
      while (next().starts_with("send")) {
        counts.push_back(sent.count);
        hear(response(100 * unit_id));
      }
    }
  }
  for (std::size_t index = 12; index + 7 < counts.size(); ++index) {
    const std::set<unsigned> last(counts.begin() + static_cast<std::ptrdiff_t>(index),
                                  counts.begin() + static_cast<std::ptrdiff_t>(index + 7));
    EXPECT_EQ(last.size(), 7U) << "at " << index;
  }
}

// Slow polling: counts take turns however much time passes between two requests.
TEST_F(Gateway, gateway_that_answers_the_request_before_is_found_out_at_once) {
  for (unsigned round = 0; round < 5; ++round) {
    for (unsigned unit_id : {1U, 2U}) EXPECT_EQ(exchange(unit_id, 100).substr(0, 10), "tell a 100");
    later(std::chrono::minutes{5});
  }
  const Bytes before = numbers(sent.count, 100);
  later(std::chrono::minutes{5});
  ask(1);
  hear(tcp_answer(transaction_id, 1, before));
  EXPECT_EQ(next(), "tell a the response has another number of registers");
  EXPECT_EQ(next(), "close");
}

TEST_F(Gateway, value_that_jumps_is_confirmed_by_another_count) {
  EXPECT_EQ(exchange(1, 100).substr(0, 10), "tell a 100");
  EXPECT_EQ(exchange(2, 100).substr(0, 10), "tell a 100");
  EXPECT_EQ(exchange(1, 100).substr(0, 10), "tell a 100");
  ask(1);
  const auto count = sent.count;
  hear(response(20'000));
  EXPECT_TRUE(next().starts_with("send 1:0+"));
  EXPECT_NE(sent.count, count);
  hear(response(20'000));
  EXPECT_EQ(next().substr(0, 12), "tell a 20000");
}

// The unit may still answer what the gateway has given up.
TEST_F(Gateway, count_that_was_given_up_is_not_used_for_ten_seconds) {
  EXPECT_EQ(exchange(1, 100).substr(0, 10), "tell a 100");
  EXPECT_EQ(exchange(2, 100).substr(0, 10), "tell a 100");
  ask(2);
  const auto given_up = sent.count;
  hear(tcp_exception(transaction_id, 2, 11));
  EXPECT_EQ(next(), "tell a exception 11");
  for (int request = 0; request < 40; ++request) {
    ask(1);
    EXPECT_NE(sent.count, given_up);
    hear(response(100));
    while (next().starts_with("send")) hear(response(100));
    later(milliseconds{200});
  }
}

TEST_F(Gateway, single_controller_is_asked_for_what_is_wanted_also_after_a_timeout) {
  for (int request = 0; request < 5; ++request) {
    ask(1);
    EXPECT_EQ(sent.count, 10);
    if (request == 2) {
      EXPECT_EQ(next_event(), "tell a no answer in time");
    } else {
      hear(response(100));
      EXPECT_TRUE(next().starts_with("tell a 100"));
    }
  }
}

// Two reads of equal length, of which one was not answered.
TEST_F(Gateway, late_response_of_another_read_is_told_by_its_length_after_a_timeout) {
  ask(1, 0, 10);
  EXPECT_EQ(next_event(), "tell a no answer in time");
  ask(1, 20, 10);
  EXPECT_NE(sent.count, 10);
}

}  // namespace
}  // namespace gensetd::link
