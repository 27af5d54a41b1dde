#include "poller/cycle.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// A cycle as a conversation: its requests, the outcomes, and its next requests.
namespace gensetd::poller {
namespace {

using modbus::Protocol;

// Registers 10..14 and 20..22 are read as one over TCP (10..22), 200..201 apart.
constexpr const char* three_blocks = R"(
name = "three"
title = { en = "Three", ru = "Три" }
device_type = "generator"
protocol = "tcp"
probe_address = 10
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
blocks = [
  { name = "a", address = 10, count = 5 },
  { name = "b", address = 20, count = 3 },
  { name = "c", address = 200, count = 2 },
]
fields = [
  { name = "a10", address = 10, type = "u16", group = "g", label = { en = "a", ru = "а" } },
  { name = "b22", address = 22, type = "u16", group = "g", label = { en = "b", ru = "б" } },
  { name = "c201", address = 201, type = "u16", group = "g", label = { en = "c", ru = "в" } },
]
)";

profile::ProfilePtr three() {
  static const auto profile = profile::Catalog::built_in().parse(three_blocks, "three.toml");
  return profile;
}

std::string words(const Step& step) {
  if (const auto* send = std::get_if<SendRequest>(&step))
    return std::to_string(send->request.first) + "+" + std::to_string(send->request.count);
  if (std::holds_alternative<AwaitOutcome>(step)) return "await";
  return std::holds_alternative<PauseBeforeRetry>(step) ? "pause" : "finished";
}

class CycleTest : public testing::Test {
 protected:
  // Every register's value is its address.
  std::string responds() {
    bytes.clear();
    const auto& request = std::get<SendRequest>(step).request;
    for (unsigned index = 0; index < request.count; ++index) {
      const unsigned value = request.first + index;
      bytes.push_back(static_cast<std::uint8_t>(value >> 8));
      bytes.push_back(static_cast<std::uint8_t>(value & 0xFF));
    }
    return process({.request = request, .registers = bytes});
  }

  std::string failed(boost::system::error_code error, std::uint8_t exception = 0) {
    return process({.request = requested, .error = error, .exception = exception});
  }

  std::string no_response() { return failed(link::Error::no_response); }
  std::string refused() { return failed(modbus::ResponseError::exception_response, 2); }

  std::string begin(bool is_responding) { return note(cycle.begin(is_responding)); }
  std::string resume() { return note(cycle.resume()); }

  std::vector<profile::Value> expected() const { return {10, 22, 201}; }

  Cycle cycle{three(), Protocol::tcp};
  Step step;

 private:
  std::string process(const link::Outcome& outcome) { return note(cycle.process(outcome)); }

  std::string note(Step next) {
    step = next;
    if (const auto* send = std::get_if<SendRequest>(&step)) requested = send->request;
    return words(step);
  }

  modbus::ReadRequest requested;
  std::vector<std::uint8_t> bytes;
};

TEST_F(CycleTest, responding_device_is_read_by_the_plan_and_returns_every_value) {
  EXPECT_EQ(begin(true), "10+13");
  EXPECT_EQ(responds(), "200+2");
  EXPECT_EQ(responds(), "finished");
  EXPECT_FALSE(cycle.failure());
  EXPECT_EQ(cycle.values(), expected());
}

TEST_F(CycleTest, device_that_was_offline_gets_one_block_first) {
  EXPECT_EQ(begin(false), "10+5");
  EXPECT_EQ(responds(), "10+13");
  EXPECT_EQ(responds(), "200+2");
  EXPECT_EQ(responds(), "finished");
  EXPECT_EQ(cycle.values(), expected());
}

TEST_F(CycleTest, device_without_response_costs_one_timeout) {
  EXPECT_EQ(begin(false), "10+5");
  EXPECT_EQ(no_response(), "finished");
  ASSERT_TRUE(cycle.failure());
  EXPECT_EQ(cycle.failure()->error, link::Error::no_response);
  EXPECT_EQ(cycle.failure()->request.count, 5);
}

TEST_F(CycleTest, lost_response_of_a_responding_device_is_repeated_once) {
  begin(true);
  EXPECT_EQ(no_response(), "pause");
  EXPECT_EQ(resume(), "10+13");
  EXPECT_EQ(responds(), "200+2");
  EXPECT_EQ(no_response(), "finished");  // one extra retry per cycle
  EXPECT_TRUE(cycle.failure());
}

TEST_F(CycleTest, refused_range_is_read_block_by_block_from_then_on) {
  begin(true);
  EXPECT_EQ(refused(), "10+5");
  EXPECT_TRUE(cycle.take_split_read());
  EXPECT_EQ(responds(), "20+3");
  EXPECT_EQ(responds(), "200+2");
  EXPECT_EQ(responds(), "finished");
  EXPECT_EQ(cycle.values(), expected());
  EXPECT_TRUE(cycle.refused().empty());

  EXPECT_EQ(begin(true), "10+5");
  EXPECT_FALSE(cycle.take_split_read());
  cycle.forget_refusals();
  EXPECT_EQ(begin(true), "10+13");
}

TEST_F(CycleTest, range_without_response_whose_block_responds_counts_as_refused) {
  begin(true);
  EXPECT_EQ(no_response(), "pause");
  EXPECT_EQ(resume(), "10+13");
  EXPECT_EQ(no_response(), "10+5");
  EXPECT_FALSE(cycle.take_split_read());  // no proof yet
  EXPECT_EQ(responds(), "20+3");
  EXPECT_TRUE(cycle.take_split_read());
  EXPECT_EQ(responds(), "200+2");
  EXPECT_EQ(responds(), "finished");
  EXPECT_EQ(cycle.values(), expected());
  EXPECT_EQ(cycle.plan().size(), 3U);
}

TEST_F(CycleTest, range_is_kept_when_its_blocks_get_no_response_either) {
  begin(true);
  EXPECT_EQ(no_response(), "pause");
  EXPECT_EQ(resume(), "10+13");
  EXPECT_EQ(no_response(), "10+5");
  EXPECT_EQ(no_response(), "finished");
  EXPECT_TRUE(cycle.failure());
  EXPECT_FALSE(cycle.take_split_read());
  EXPECT_EQ(cycle.plan(), profile::merged_plan(*three(), Protocol::tcp));
  EXPECT_EQ(begin(true), "10+13");
}

TEST_F(CycleTest, refused_block_has_no_values_and_the_others_have) {
  begin(true);
  EXPECT_EQ(responds(), "200+2");
  EXPECT_EQ(refused(), "finished");
  EXPECT_FALSE(cycle.failure());
  EXPECT_EQ(cycle.refused(), (std::vector<RefusedBlock>{{.block = 2, .exception = 2}}));
  EXPECT_EQ(cycle.values(), (std::vector<profile::Value>{10, 22, std::nullopt}));

  begin(true);
  responds();
  EXPECT_EQ(responds(), "finished");
  EXPECT_TRUE(cycle.refused().empty());
  EXPECT_EQ(cycle.values(), expected());
}

TEST_F(CycleTest, values_of_an_unfinished_cycle_are_not_kept) {
  begin(true);
  responds();
  begin(true);
  EXPECT_EQ(cycle.values(), std::vector<profile::Value>(3));
}

TEST_F(CycleTest, broken_response_is_repeated_even_from_a_device_that_was_offline) {
  begin(false);
  EXPECT_EQ(failed(modbus::ResponseError::damaged_response), "pause");
  EXPECT_EQ(resume(), "10+5");
  EXPECT_EQ(responds(), "10+13");
}

TEST_F(CycleTest, refused_probe_is_a_response_and_is_not_counted_twice) {
  begin(false);
  EXPECT_EQ(refused(), "10+13");
  EXPECT_EQ(responds(), "200+2");
  EXPECT_EQ(responds(), "finished");
  EXPECT_TRUE(cycle.refused().empty());
  EXPECT_EQ(cycle.values(), expected());
}

TEST_F(CycleTest, each_error_of_a_responding_device_has_its_next_step) {
  struct Row {
    const char* name;
    boost::system::error_code error;
    std::uint8_t exception;
    const char* next;
  };
  const auto exception = modbus::make_error_code(modbus::ResponseError::exception_response);
  const std::vector<Row> rows{
      {"no answer", link::Error::no_response, 0, "pause"},
      {"connection lost", link::Error::connection_lost, 0, "pause"},
      {"cannot connect", link::Error::connect_failed, 0, "pause"},
      {"no connection in time", link::Error::connect_timeout, 0, "finished"},
      {"unknown name", link::Error::name_not_found, 0, "finished"},
      {"address not allowed", link::Error::address_not_allowed, 0, "finished"},
      {"broken", modbus::ResponseError::damaged_response, 0, "pause"},
      {"foreign", modbus::ResponseError::foreign_response, 0, "pause"},
      {"other protocol", modbus::ResponseError::wrong_protocol, 0, "finished"},
      {"illegal function", exception, 1, "10+5"},
      {"illegal address", exception, 2, "10+5"},
      {"device failure", exception, 4, "10+5"},
      {"acknowledge", exception, 5, "pause"},
      {"busy", exception, 6, "pause"},
      {"gateway path", exception, 10, "pause"},
      {"gateway target", exception, 11, "pause"},
      {"unknown", boost::system::errc::make_error_code(boost::system::errc::io_error), 0, "finished"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    cycle = Cycle{three(), Protocol::tcp};
    begin(true);
    EXPECT_EQ(failed(row.error, row.exception), row.next);
  }
}

TEST_F(CycleTest, closed_connection_does_not_split_the_range) {
  begin(true);
  EXPECT_EQ(failed(link::Error::connection_lost), "pause");
  resume();
  EXPECT_EQ(failed(link::Error::connection_lost), "finished");
}

// V1.1b3, 7: 5 acknowledge, 6 server device busy.
TEST_F(CycleTest, block_that_is_always_busy_has_no_value_and_the_others_have) {
  for (const std::uint8_t code : {std::uint8_t{5}, std::uint8_t{6}}) {
    begin(true);
    EXPECT_EQ(responds(), "200+2");
    EXPECT_EQ(failed(modbus::ResponseError::exception_response, code), "pause");
    EXPECT_EQ(resume(), "200+2");
    EXPECT_EQ(failed(modbus::ResponseError::exception_response, code), "finished");
    EXPECT_FALSE(cycle.failure());
    EXPECT_EQ(cycle.values(), (std::vector<profile::Value>{10, 22, std::nullopt}));
    EXPECT_EQ(cycle.refused(), (std::vector<RefusedBlock>{{2, code}}));
  }
}

// V1.1b3, 7: 10 gateway path unavailable, 11 gateway target device failed to respond.
TEST_F(CycleTest, block_that_a_gateway_gets_no_response_to_has_no_value_where_others_respond) {
  for (const std::uint8_t code : {std::uint8_t{10}, std::uint8_t{11}}) {
    begin(true);
    EXPECT_EQ(responds(), "200+2");
    failed(modbus::ResponseError::exception_response, code);
    resume();
    EXPECT_EQ(failed(modbus::ResponseError::exception_response, code), "finished");
    EXPECT_FALSE(cycle.failure());
    EXPECT_EQ(cycle.refused(), (std::vector<RefusedBlock>{{2, code}}));
  }
}

TEST_F(CycleTest, block_that_a_gateway_gets_no_response_to_may_be_the_first_one) {
  begin(true);
  EXPECT_EQ(failed(modbus::ResponseError::exception_response, 11), "pause");
  resume();
  EXPECT_EQ(failed(modbus::ResponseError::exception_response, 11),
            "10+5");  // a merged read may be the reason
  EXPECT_EQ(failed(modbus::ResponseError::exception_response, 11), "20+3");
  EXPECT_EQ(responds(), "200+2");
  EXPECT_EQ(responds(), "finished");
  EXPECT_FALSE(cycle.failure());
  EXPECT_EQ(cycle.refused(), (std::vector<RefusedBlock>{{0, 11}}));
}

TEST_F(CycleTest, unit_that_a_gateway_gets_no_response_from_fails_the_cycle) {
  begin(true);
  failed(modbus::ResponseError::exception_response, 11);
  resume();
  EXPECT_EQ(failed(modbus::ResponseError::exception_response, 11), "10+5");
  EXPECT_EQ(failed(modbus::ResponseError::exception_response, 11), "20+3");
  EXPECT_EQ(failed(modbus::ResponseError::exception_response, 11), "finished");
  ASSERT_TRUE(cycle.failure());
  EXPECT_EQ(cycle.failure()->exception, 11);
}

TEST_F(CycleTest, repetition_that_cannot_be_sent_fails_the_cycle_with_the_reason_before) {
  begin(true);
  EXPECT_EQ(no_response(), "pause");
  resume();
  EXPECT_EQ(failed(link::Error::not_repeated), "finished");
  ASSERT_TRUE(cycle.failure());
  EXPECT_EQ(cycle.failure()->error, link::Error::no_response);
}

// A controller that accepts two requests at once.
class CycleAheadTest : public testing::Test {
 protected:
  CycleAheadTest() {
    auto profile = std::make_shared<profile::Profile>(*three());
    profile->tcp.requests_in_flight = 2;
    cycle = Cycle{std::move(profile), Protocol::tcp};
  }

  std::string process(std::uint16_t first, std::uint16_t count, boost::system::error_code error = {}) {
    const std::vector<std::uint8_t> bytes(2U * count, 0);
    return words(cycle.process(
        {.request = {.function = modbus::Function::holding_registers, .first = first, .count = count},
         .error = error,
         .registers = bytes}));
  }

  std::string next_ahead() {
    const auto send = cycle.next_ahead();
    return send ? words(*send) : "nothing";
  }

  Cycle cycle{three(), Protocol::tcp};
};

TEST_F(CycleAheadTest, sends_ahead_as_far_as_the_profile_allows_and_accepts_responses_in_any_order) {
  EXPECT_EQ(words(cycle.begin(true)), "10+13");
  EXPECT_EQ(next_ahead(), "200+2");
  EXPECT_EQ(next_ahead(), "nothing");
  EXPECT_EQ(process(200, 2), "await");
  EXPECT_EQ(process(10, 13), "finished");
  EXPECT_FALSE(cycle.failure());
  EXPECT_EQ(cycle.values(), (std::vector<profile::Value>{0, 0, 0}));
}

TEST_F(CycleAheadTest, device_that_was_offline_gets_one_request_at_a_time) {
  EXPECT_EQ(words(cycle.begin(false)), "10+5");
  EXPECT_EQ(next_ahead(), "nothing");
}

TEST_F(CycleAheadTest, lost_response_is_repeated_after_the_others_have_ended) {
  cycle.begin(true);
  next_ahead();
  EXPECT_EQ(process(10, 13, link::Error::no_response), "await");
  EXPECT_EQ(process(200, 2), "pause");
  EXPECT_EQ(words(cycle.resume()), "10+13");
  EXPECT_EQ(next_ahead(), "nothing");
  EXPECT_EQ(process(10, 13), "finished");
  EXPECT_FALSE(cycle.failure());
}

TEST_F(CycleAheadTest, lost_connection_fails_the_cycle_once) {
  cycle.begin(true);
  next_ahead();
  EXPECT_EQ(process(10, 13, link::Error::connection_lost), "await");
  EXPECT_EQ(process(200, 2, link::Error::connection_lost), "pause");
  EXPECT_EQ(words(cycle.resume()), "10+13");
  EXPECT_EQ(process(10, 13, link::Error::connect_failed), "finished");
  EXPECT_TRUE(cycle.failure());
}

TEST_F(CycleTest, suspect_response_is_read_again_before_the_cycle_ends) {
  begin(true);
  EXPECT_EQ(responds(), "200+2");
  EXPECT_TRUE(
      cycle.mark_suspect({.function = modbus::Function::holding_registers, .first = 10, .count = 13}));
  EXPECT_EQ(responds(), "10+13");
  EXPECT_EQ(responds(), "finished");
  EXPECT_TRUE(cycle.mark_suspect({.function = modbus::Function::holding_registers,
                                  .first = 200,
                                  .count = 2}));  // while the reading settles
  EXPECT_EQ(resume(), "200+2");
  EXPECT_EQ(responds(), "finished");
  EXPECT_FALSE(cycle.failure());
  EXPECT_EQ(cycle.values(), expected());
}

TEST_F(CycleTest, line_on_which_every_response_is_suspect_fails_the_cycle) {
  begin(true);
  responds();
  responds();
  for (int suspect = 0; suspect < 3; ++suspect) {
    EXPECT_TRUE(
        cycle.mark_suspect({.function = modbus::Function::holding_registers, .first = 200, .count = 2}));
    resume();
    EXPECT_EQ(responds(), "finished");
  }
  EXPECT_FALSE(
      cycle.mark_suspect({.function = modbus::Function::holding_registers, .first = 200, .count = 2}));
  ASSERT_TRUE(cycle.failure());
  EXPECT_EQ(cycle.failure()->error, link::Error::suspect_responses);
}

// Every built-in map, over every transport, with each kind of one failure at each step: the cycle ends, and
// it is complete or has failed.
TEST(CycleOfBuiltInMaps, ends_after_any_single_failure_at_any_step) {
  const auto catalog = profile::Catalog::built_in();
  const std::vector<boost::system::error_code> errors{link::Error::no_response, link::Error::connection_lost,
                                                      modbus::ResponseError::exception_response,
                                                      modbus::ResponseError::wrong_protocol};
  for (const auto& [name, profile] : catalog.all()) {
    for (const Protocol protocol : {Protocol::tcp, Protocol::rtu_over_tcp}) {
      for (const auto& error : errors) {
        for (int fails_at = 0; fails_at < 20; ++fails_at) {
          for (const bool is_responding : {true, false}) {
            Cycle cycle(profile, protocol);
            Step step = cycle.begin(is_responding);
            int requested = 0;
            for (; !std::holds_alternative<CycleFinished>(step); ++requested) {
              ASSERT_LT(requested, 40) << name;
              if (std::holds_alternative<PauseBeforeRetry>(step)) {
                step = cycle.resume();
                continue;
              }
              const auto request = std::get<SendRequest>(step).request;
              const std::vector<std::uint8_t> bytes(2U * request.count);
              link::Outcome outcome{.request = request};
              if (requested == fails_at) {
                outcome.error = error;
                outcome.exception = 2;
              } else {
                outcome.registers = bytes;
              }
              step = cycle.process(outcome);
            }
            if (!cycle.failure() && cycle.refused().empty()) {
              for (std::size_t index = 0; index < profile->fields.size(); ++index) {
                EXPECT_EQ(cycle.values()[index], 0) << name << " " << profile->fields[index].name;
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace gensetd::poller
