#include "script.hpp"

#include <gtest/gtest.h>

#include <set>

// Modbus TCP connections with frames that are no response to our request: copies of other clients' responses,
// late ones, and gateways that respond to an earlier request with the id of a later one.
namespace gensetd::link {
namespace {

using std::chrono::milliseconds;

constexpr ExtensionRange extensible{.first = 0, .end = 40, .limit = 40};

class Gateway : public testing::Test, protected Script {
 protected:
  Gateway() {
    transaction.protocol = modbus::Protocol::tcp;
    transaction.request_gap = milliseconds{0};
  }

  void submit_read(unsigned unit_id, std::uint16_t first = 0, std::uint16_t count = 10) {
    submit("a",
           {.unit_id = static_cast<std::uint8_t>(unit_id),
            .function = modbus::Function::holding_registers,
            .first = first,
            .count = count},
           extensible);
    EXPECT_TRUE(next_event().starts_with("send"));
  }

  Bytes response(unsigned value) const {
    return tcp_response(transaction_id, sent.unit_id, numbers(sent.count, value + sent.first));
  }

  // One exchange, with its confirmation where there is one.
  std::string exchange(unsigned unit_id, unsigned value) {
    submit_read(unit_id);
    receive(response(value));
    std::string event = next();
    while (event.starts_with("send")) {
      receive(response(value));
      event = next();
    }
    return event;
  }
};

// Ids before, at and after the next one; our unit and others; responses, exceptions, other functions.
TEST_F(Gateway, frames_on_an_idle_connection_are_discarded_whatever_they_contain) {
  submit_read(1);
  receive(response(100));
  EXPECT_TRUE(next().starts_with("report a 100"));
  const unsigned last = transaction_id;
  unsigned frames = 0;
  for (unsigned id = last - 3; id <= last + 3; ++id) {
    for (unsigned unit_id : {0U, 1U, 2U, 255U}) {
      receive(tcp_response(id, unit_id, {0, 1}));
      receive(tcp_response(id, unit_id, numbers(10, 7)));
      receive(tcp_exception(id, unit_id, 2));
      receive({0, static_cast<std::uint8_t>(id), 0, 0, 0, 3, static_cast<std::uint8_t>(unit_id), 0x10, 0});
      frames += 4;
      EXPECT_EQ(next(), "wait");
    }
  }
  const UnitCounters sum = conversation.sum_of_units();
  EXPECT_EQ(sum.doubled_responses + sum.foreign_frames + sum.late_responses, frames);
  EXPECT_EQ(exchange(1, 100), "report a 100 101 102 103 104 105 106 107 108 109");
}

TEST_F(Gateway, frames_before_the_first_request_and_in_pieces_are_discarded) {
  const Bytes frame = tcp_response(1, 1, {0, 1});
  for (const std::uint8_t byte : frame) {
    receive({byte});
    EXPECT_EQ(next(), "wait");
  }
  EXPECT_EQ(exchange(1, 100), "report a 100 101 102 103 104 105 106 107 108 109");
}

TEST_F(Gateway, first_transaction_id_is_the_one_drawn_for_the_connection) {
  conversation.closed({}, now);
  submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 1});
  EXPECT_EQ(next(), "connect");
  conversation.opened(now, std::uint16_t{0xFFFF});
  EXPECT_EQ(next(), "send 1:0+1");
  EXPECT_EQ(transaction_id, 0xFFFF);
  receive(response(1));
  EXPECT_EQ(next(), "report a 1");
  submit_read(1);
  EXPECT_EQ(transaction_id, 0);
}

TEST_F(Gateway, response_with_our_id_and_another_length_fails_all_requests_and_reopens_the_connection) {
  transaction.requests_in_flight = 2;
  submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 10},
         extensible);
  submit("b", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 8},
         extensible);
  EXPECT_EQ(next(), "send 1:0+10");
  const unsigned first_id = transaction_id;
  EXPECT_EQ(next(), "send 1:0+8");
  receive(tcp_response(first_id, 1, numbers(8, 5)));
  EXPECT_EQ(next(), "report a the response has another number of registers");
  EXPECT_EQ(next(), "report b the response to another request");
  EXPECT_EQ(next(), "close");
}

TEST_F(Gateway, response_with_our_id_of_another_unit_reopens_the_connection) {
  submit_read(1);
  receive(tcp_response(transaction_id, 2, numbers(10, 5)));
  EXPECT_EQ(next(), "report a the response to another request");
  EXPECT_EQ(next(), "close");
}

// Field notes, 8: no response to reads of unknown registers; behind some gateways exception 10 or 11.
TEST_F(Gateway, controllers_that_do_not_respond_to_longer_reads_are_still_read) {
  for (const bool is_silent : {true, false}) {
    int failures = 0;
    for (int round = 0; round < 40; ++round) {
      const unsigned unit_id = round % 2 == 0 ? 1U : 2U;
      int failures_in_a_row = 0;
      for (bool is_answered = false; !is_answered;) {
        submit("a",
               {.unit_id = static_cast<std::uint8_t>(unit_id),
                .function = modbus::Function::holding_registers,
                .first = 0,
                .count = 10},
               extensible);
        std::string event = next_event();
        while (event.starts_with("send")) {
          if (sent.count <= 10) {
            receive(response(100));
          } else if (!is_silent) {
            receive(tcp_exception(transaction_id, unit_id, 11));
          }
          event = next_event();
        }
        if (event == "close") {
          conversation.closed({}, now);
          EXPECT_EQ(next(), "wait");
          conversation.opened(now);
          continue;
        }
        is_answered = event.starts_with("report a 100 ");
        if (!is_answered) ++failures_in_a_row;
        ASSERT_LE(failures_in_a_row, 1) << event << " in round " << round;
      }
      failures += failures_in_a_row;
    }
    EXPECT_LE(failures, 6) << (is_silent ? "silent" : "exception 11");  // three strikes for each unit
  }
}

TEST_F(Gateway, refusal_of_a_longer_read_is_no_refusal_of_the_wanted_one_at_a_single_controller_either) {
  submit_read(1);
  EXPECT_EQ(next_event(), "report a no response in time");  // from here on counts distinguish late responses
  submit_read(1, 20);
  EXPECT_GT(sent.count, 10);
  receive(tcp_exception(transaction_id, 1, 2));
  std::string event = next_event();
  while (event.starts_with("send")) {
    EXPECT_EQ(sent.first, 20);
    EXPECT_LE(sent.count, 10);
    receive(response(100));
    event = next_event();
  }
  EXPECT_EQ(event, "report a 120 121 122 123 124 125 126 127 128 129");
}

// Such a gateway may also return the response to another client's request, of whatever length.
TEST_F(Gateway, response_of_a_gateway_that_was_out_of_step_is_accepted_only_when_two_agree) {
  exchange(1, 100);
  exchange(2, 100);
  submit_read(1);
  receive(tcp_response(transaction_id, 2, numbers(sent.count, 100)));
  while (next() != "close") {
  }
  conversation.closed({}, now);
  submit("a", {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 0, .count = 10},
         extensible);
  EXPECT_EQ(next(), "connect");
  conversation.opened(now, std::uint16_t{7});
  EXPECT_TRUE(next_event().starts_with("send"));
  const std::uint16_t first_count = sent.count;
  receive(response(104));  // of an identical unit: it continues the values of this one
  EXPECT_TRUE(next_event().starts_with("send"));
  EXPECT_NE(sent.count, first_count);
  receive(response(100));
  EXPECT_TRUE(next_event().starts_with("send"));
  receive(response(100));
  EXPECT_EQ(next_event(), "report a 100 101 102 103 104 105 106 107 108 109");
}

TEST_F(Gateway, response_with_another_transaction_id_is_reported_as_such) {
  submit_read(1);
  receive(tcp_response(transaction_id + 1U, 1, numbers(10, 5)));
  EXPECT_EQ(next_event(), "report a the response carries another transaction id");
}

// Another client reads another table: nothing is known of our response.
TEST_F(Gateway, response_with_another_transaction_id_and_function_says_nothing) {
  submit_read(1);
  Bytes frame = tcp_response(transaction_id + 1U, 1, numbers(10, 5));
  frame[7] = 4;
  receive(frame);
  EXPECT_EQ(next_event(), "report a no response in time");
}

TEST_F(Gateway, count_of_the_last_seven_requests_is_never_used_with_several_units) {
  std::vector<unsigned> counts;
  for (int round = 0; round < 20; ++round) {
    for (unsigned unit_id : {1U, 2U, 3U}) {
      submit_read(unit_id);
      counts.push_back(sent.count);
      receive(response(100 * unit_id));
      while (next().starts_with("send")) {
        counts.push_back(sent.count);
        receive(response(100 * unit_id));
      }
    }
  }
  for (std::size_t index = 12; index + 7 < counts.size(); ++index) {
    const std::set<unsigned> last(counts.begin() + static_cast<std::ptrdiff_t>(index),
                                  counts.begin() + static_cast<std::ptrdiff_t>(index + 7));
    EXPECT_EQ(last.size(), 7U) << "at " << index;
  }
}

// Slow polling: counts rotate however much time passes between two requests.
TEST_F(Gateway, response_to_the_previous_request_is_recognised_at_once) {
  for (unsigned round = 0; round < 5; ++round) {
    for (unsigned unit_id : {1U, 2U}) EXPECT_EQ(exchange(unit_id, 100).substr(0, 12), "report a 100");
    later(std::chrono::minutes{5});
  }
  const Bytes before = numbers(sent.count, 100);
  later(std::chrono::minutes{5});
  submit_read(1);
  receive(tcp_response(transaction_id, 1, before));
  EXPECT_EQ(next(), "report a the response has another number of registers");
  EXPECT_EQ(next(), "close");
}

TEST_F(Gateway, value_that_jumps_is_confirmed_by_another_count) {
  EXPECT_EQ(exchange(1, 100).substr(0, 12), "report a 100");
  EXPECT_EQ(exchange(2, 100).substr(0, 12), "report a 100");
  EXPECT_EQ(exchange(1, 100).substr(0, 12), "report a 100");
  submit_read(1);
  const auto count = sent.count;
  receive(response(20'000));
  EXPECT_TRUE(next().starts_with("send 1:0+"));
  EXPECT_NE(sent.count, count);
  receive(response(20'000));
  EXPECT_EQ(next().substr(0, 14), "report a 20000");
}

// The unit may still respond after the gateway has stopped waiting.
TEST_F(Gateway, count_of_a_failed_request_is_not_used_for_ten_seconds) {
  EXPECT_EQ(exchange(1, 100).substr(0, 12), "report a 100");
  EXPECT_EQ(exchange(2, 100).substr(0, 12), "report a 100");
  submit_read(2);
  const auto given_up = sent.count;
  receive(tcp_exception(transaction_id, 2, 11));
  EXPECT_EQ(next(), "report a exception 11");
  for (int request = 0; request < 40; ++request) {
    submit_read(1);
    EXPECT_NE(sent.count, given_up);
    receive(response(100));
    while (next().starts_with("send")) receive(response(100));
    later(milliseconds{200});
  }
}

// Unit 2 refuses every request that is longer than the profile's.
TEST_F(Gateway, unit_that_refuses_longer_reads_is_read_with_one_count_and_confirmed_by_a_shorter_read) {
  std::vector<unsigned> counts;
  const auto read_unit_2 = [&] {
    counts.clear();
    submit_read(2);
    for (;;) {
      counts.push_back(sent.count);
      receive(sent.count > 10 ? tcp_exception(transaction_id, 2, 2) : response(500));
      const std::string event = next();
      if (!event.starts_with("send")) return event;
    }
  };
  for (int cycle = 0; cycle < 20; ++cycle) {
    EXPECT_EQ(exchange(1, 100).substr(0, 12), "report a 100");
    EXPECT_EQ(read_unit_2(), "report a 500 501 502 503 504 505 506 507 508 509");
  }
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts.front(), 10U);
  EXPECT_LT(counts.back(), 10U);
}

// Unit 2 refuses shorter reads too. Each of its responses may belong to the request before, so none is
// accepted.
TEST_F(Gateway, response_of_a_unit_with_a_single_count_is_never_accepted) {
  const auto read_unit_2 = [&] {
    submit_read(2);
    for (;;) {
      receive(sent.count == 10 ? response(500) : tcp_exception(transaction_id, 2, 2));
      const std::string event = next_event();
      if (!event.starts_with("send")) return event;
    }
  };
  for (int cycle = 0; cycle < 40; ++cycle) {
    EXPECT_EQ(exchange(1, 100).substr(0, 12), "report a 100");
    const std::string event = read_unit_2();
    EXPECT_TRUE(event == "report a exception 2" || event == "report a the response to another request")
        << event;
  }
}

// No other master is there, and nothing but single registers outside of all blocks is read.
TEST_F(Gateway, single_registers_are_read_one_after_the_other_also_when_one_is_refused) {
  const auto read_register = [&](std::uint16_t first) {
    submit("a", {.unit_id = 2, .function = modbus::Function::holding_registers, .first = first, .count = 1});
    std::string event = next_event();
    while (event.starts_with("send")) {
      receive(first == 5'000 ? tcp_exception(transaction_id, 2, 2) : response(7));
      event = next_event();
    }
    return event;
  };
  EXPECT_EQ(exchange(1, 100).substr(0, 12), "report a 100");
  EXPECT_EQ(exchange(2, 100).substr(0, 12), "report a 100");
  EXPECT_EQ(read_register(768), "report a 775");
  EXPECT_EQ(read_register(5'000), "report a exception 2");
  EXPECT_EQ(read_register(776), "report a 783");
}

TEST_F(Gateway, single_controller_is_read_with_the_wanted_count_also_after_a_timeout) {
  for (int request = 0; request < 5; ++request) {
    submit_read(1);
    EXPECT_EQ(sent.count, 10);
    if (request == 2) {
      EXPECT_EQ(next_event(), "report a no response in time");
    } else {
      receive(response(100));
      EXPECT_TRUE(next().starts_with("report a 100"));
    }
  }
}

// After a timeout the read of unit 1 is longer than wanted. If the controller refuses the additional
// registers, the wanted ones may still be readable.
TEST_F(Gateway, refusal_of_a_longer_read_than_wanted_is_not_taken_for_a_refusal_of_the_wanted_one) {
  submit_read(1, 0, 10);
  EXPECT_EQ(next_event(), "report a no response in time");
  submit_read(1, 20, 10);
  int requests = 1;
  std::string event;
  for (; sent.count > 10; ++requests) {
    receive(tcp_exception(transaction_id, 1, 2));
    event = next_event();
    ASSERT_TRUE(event.starts_with("send")) << event;
  }
  EXPECT_GT(requests, 1);
  receive(response(100));
  EXPECT_EQ(next().substr(0, 12), "report a 120");
  submit_read(1, 20, 10);
  EXPECT_EQ(sent.count, 10);
  receive(tcp_exception(transaction_id, 1, 2));
  EXPECT_EQ(next(), "report a exception 2");
}

// The response to a request of a connection that ended does not arrive on the next one.
TEST_F(Gateway, read_of_a_single_controller_is_not_longer_because_of_a_connection_that_ended) {
  submit_read(1, 0, 10);
  EXPECT_EQ(next_event(), "report a no response in time");
  later(std::chrono::seconds{15});
  submit_read(1, 0, 8);
  receive(response(100));
  EXPECT_TRUE(next().starts_with("report a 100"));
  submit_read(1, 20, 9);
  EXPECT_EQ(sent.count, 9);
  conversation.closed({}, now);
  EXPECT_EQ(next(), "connect");
  conversation.opened(now, std::uint16_t{7});
  EXPECT_TRUE(next().starts_with("send 1:20+"));
  receive(response(100));
  EXPECT_TRUE(next().starts_with("report a 120"));
  submit_read(1, 60, 5);
  receive(response(100));
  EXPECT_TRUE(next().starts_with("report a 160"));
  submit_read(1, 40, 9);
  EXPECT_EQ(sent.count, 9);
}

// Two reads of equal length, one of which got no response.
TEST_F(Gateway, late_response_of_another_read_is_distinguished_by_its_length_after_a_timeout) {
  submit_read(1, 0, 10);
  EXPECT_EQ(next_event(), "report a no response in time");
  submit_read(1, 20, 10);
  EXPECT_NE(sent.count, 10);
}

}  // namespace
}  // namespace gensetd::link
