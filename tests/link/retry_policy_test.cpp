#include "link/retry_policy.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gensetd::link {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

FollowUp after(boost::system::error_code error, std::uint8_t exception = 0) {
  return follow_up({.error = error, .exception = exception});
}

TEST(FollowUp, every_error_has_one) {
  EXPECT_EQ(after({}), FollowUp::take);
  for (const Error error : {Error::connection_lost, Error::connect_failed})
    EXPECT_EQ(after(error), FollowUp::repeat) << make_error_code(error).message();
  EXPECT_EQ(after(modbus::ResponseError::wrong_transaction), FollowUp::repeat);
  EXPECT_EQ(after(Error::no_response), FollowUp::repeat_or_split);
  for (const modbus::ResponseError error :
       {modbus::ResponseError::damaged_response, modbus::ResponseError::foreign_response,
        modbus::ResponseError::wrong_length})
    EXPECT_EQ(after(error), FollowUp::repeat_or_split) << make_error_code(error).message();
  for (const Error error : {Error::name_not_found, Error::connect_timeout, Error::indistinguishable,
                            Error::not_repeated, Error::suspect_responses, Error::loopback_not_allowed,
                            Error::address_not_allowed, Error::no_descriptor})
    EXPECT_EQ(after(error), FollowUp::give_up) << make_error_code(error).message();
  EXPECT_EQ(after(modbus::ResponseError::wrong_protocol), FollowUp::give_up);
  EXPECT_EQ(after(boost::system::errc::make_error_code(boost::system::errc::io_error)), FollowUp::give_up);
}

// V1.1b3, 7: 5 and 6 come from a controller that is busy, 10 and 11 from a gateway.
TEST(FollowUp, every_exception_code_has_one) {
  for (int code = 0; code <= 255; ++code) {
    const FollowUp expected = code == 5 || code == 6     ? FollowUp::repeat_busy
                              : code == 10 || code == 11 ? FollowUp::repeat_gateway
                                                         : FollowUp::refuse;
    EXPECT_EQ(after(modbus::ResponseError::exception_response, static_cast<std::uint8_t>(code)), expected)
        << code;
  }
}

TEST(RetryPause, is_150_to_250_ms) {
  std::set<std::int64_t> pauses;
  for (std::uint32_t random = 0; random < 1'000; ++random) pauses.insert(retry_pause(random).count());
  EXPECT_EQ(*pauses.begin(), 150);
  EXPECT_EQ(*pauses.rbegin(), 250);
  EXPECT_EQ(pauses.size(), 101U);
  EXPECT_LE(retry_pause(UINT32_MAX), 250ms);
}

TEST(RetryDelay, is_spread_by_a_tenth_either_way) {
  EXPECT_EQ(retry_delay(5'000ms, 0), 4'500ms);
  EXPECT_EQ(retry_delay(5'000ms, 0x8000'0000U), 5'000ms);
  EXPECT_EQ(retry_delay(5'000ms, 0xFFFF'FFFFU), 5'499ms);
  EXPECT_EQ(retry_delay(50ms, 0xFFFF'FFFFU), 54ms);
}

TEST(RetryTime, is_the_share_of_the_poll_interval_within_limits) {
  EXPECT_EQ(retry_time(2s, 1), 2s);
  EXPECT_EQ(retry_time(3s, 2), 1'500ms);
  EXPECT_EQ(retry_time(2s, 3), 1'500ms);
  EXPECT_EQ(retry_time(100ms, 1), 1'500ms);
  EXPECT_EQ(retry_time(86'400s, 1), 4s);
  EXPECT_EQ(retry_time(86'400s, 247), 4s);
  EXPECT_EQ(retry_time(2s, 0), 2s);
}

TEST(TroubleTime, leaves_a_repetition_one_timeout_and_no_more_than_its_time) {
  const nanoseconds most = failure_time_max(2s, 1, 2s);
  EXPECT_EQ(most, 4s);
  EXPECT_EQ(failure_time_max(2s, 3, 2s), 6'500ms);
  for (const int in_a_row : {1, 2})
    EXPECT_EQ(hold_time_max({.lasting = 3s, .in_a_row = in_a_row}, most, 2s), 10s);
  EXPECT_EQ(hold_time_max({.lasting = 1s, .in_a_row = 3}, most, 2s), 3s);
  EXPECT_EQ(hold_time_max({.lasting = 3s, .in_a_row = 3}, most, 2s), 2s);
  EXPECT_EQ(hold_time_max({.lasting = 60s, .in_a_row = 9}, most, 2s), 2s);
}

TEST(HasTimeToRepeat, depends_on_whether_the_device_responded_in_its_last_cycle) {
  const RetryLimits limits{.retry_time = 1'500ms, .failure_time = 4s, .modbus_timeout = 2s};
  EXPECT_TRUE(has_time_to_repeat({.spent = 1'499ms, .lasting = 3'999ms}, 1s, true, limits));
  EXPECT_FALSE(has_time_to_repeat({.spent = 1'500ms}, 1s, true, limits));
  EXPECT_FALSE(has_time_to_repeat({.lasting = 4s}, 1s, true, limits));
  EXPECT_TRUE(has_time_to_repeat({.spent = 1s}, 1s, false, limits));
  EXPECT_FALSE(has_time_to_repeat({.spent = 1'001ms}, 1s, false, limits));
}

TEST(MayRepeat, gives_a_responding_device_one_retry_beyond_its_time) {
  using modbus::Protocol;
  const Outcome silent{.error = Error::no_response};
  EXPECT_EQ(may_repeat(silent, Protocol::tcp, {.is_responding = true}), Retry::extra);
  EXPECT_EQ(may_repeat(silent, Protocol::tcp, {.is_responding = true, .is_extra_retry_used = true}),
            Retry::none);
  EXPECT_EQ(may_repeat(silent, Protocol::tcp, {.is_responding = true, .is_time_left = true}),
            Retry::within_time);
  EXPECT_EQ(may_repeat({.error = Error::no_response, .new_connection = true}, Protocol::tcp,
                       {.is_responding = true, .is_extra_retry_used = true}),
            Retry::within_time);
}

TEST(MayRepeat, repeats_for_a_silent_device_only_over_a_serial_line_and_within_its_time) {
  using modbus::Protocol;
  const Outcome silent{.error = Error::no_response};
  EXPECT_EQ(may_repeat(silent, Protocol::tcp, {.is_time_left = true}), Retry::none);
  EXPECT_EQ(may_repeat(silent, Protocol::rtu_over_tcp, {.is_time_left = true}), Retry::within_time);
  EXPECT_EQ(may_repeat(silent, Protocol::rtu_over_tcp, {}), Retry::none);
}

TEST(MayRepeat, does_not_use_the_time_left_to_connect_again_and_again) {
  for (const Error error : {Error::connect_failed, Error::connection_lost}) {
    const Outcome outcome{.error = error};
    EXPECT_EQ(may_repeat(outcome, modbus::Protocol::tcp, {.is_responding = true, .is_time_left = true}),
              Retry::extra);
  }
}

TEST(MayRepeat, pauses_except_after_silence_on_a_serial_line) {
  const Outcome silent{.error = Error::no_response};
  EXPECT_FALSE(needs_pause(silent, modbus::Protocol::rtu_over_tcp));
  EXPECT_TRUE(needs_pause(silent, modbus::Protocol::tcp));
  EXPECT_TRUE(needs_pause({.error = Error::connection_lost}, modbus::Protocol::rtu_over_tcp));
}

TEST(Offline, follows_so_many_failed_cycles_in_a_row) {
  EXPECT_FALSE(stays_online(true, 1, 1));
  EXPECT_TRUE(stays_online(true, 2, 3));
  EXPECT_FALSE(stays_online(true, 3, 3));
  EXPECT_FALSE(stays_online(false, 1, 3));
}

// Field notes, 26: silent for up to 4 s after each connect with the default timeout.
TEST(NewConnection, has_a_grace_that_follows_the_timeout) {
  EXPECT_EQ(new_connection_grace(2s), 5s);
  EXPECT_EQ(new_connection_grace(1s), 2'500ms);
  EXPECT_EQ(new_connection_grace(100ms), 1s);
  EXPECT_EQ(new_connection_grace(60s), 5s);
}

TEST(Reopening, connection_that_worked_is_reopened_after_two_silent_requests) {
  Reopening reopening;
  const SteadyTime start{1h};
  reopening.opened(start);
  reopening.responded();
  EXPECT_FALSE(reopening.failed(true, start, start + 1s));
  EXPECT_TRUE(reopening.failed(true, start + 1s, start + 2s));
}

TEST(Reopening, bytes_of_other_units_keep_a_connection_and_wrong_ones_do_not) {
  Reopening reopening;
  const SteadyTime start{1h};
  reopening.opened(start);
  reopening.responded();
  for (int request = 0; request < 3; ++request) {
    EXPECT_FALSE(reopening.failed(true, start, start + 1s)) << request;
    reopening.received_bytes();
  }
  reopening.responded();
  for (int request = 0; request < 3; ++request)
    EXPECT_FALSE(reopening.failed(false, start, start + 1s)) << request;
  EXPECT_TRUE(reopening.failed(false, start, start + 1s));
}

TEST(Reopening, new_connection_is_kept_for_five_seconds_and_then_twice_as_long_each_time) {
  Reopening reopening;
  SteadyTime now{1h};
  for (const auto least_age : {5s, 10s, 20s, 40s, 60s, 60s}) {
    reopening.opened(now);
    EXPECT_FALSE(reopening.failed(true, now, now + 1s));
    EXPECT_FALSE(reopening.failed(true, now, now + least_age - 1ms));
    now += least_age;
    EXPECT_TRUE(reopening.failed(true, now - 1s, now));
  }
}

TEST(Reopening, connection_is_new_only_behind_one_that_worked) {
  Reopening reopening;
  reopening.opened(SteadyTime{1h});
  EXPECT_FALSE(reopening.is_new());
  reopening.responded();
  reopening.opened(SteadyTime{1h});
  EXPECT_TRUE(reopening.is_new());
  reopening.opened(SteadyTime{1h});
  EXPECT_FALSE(reopening.is_new());
}

TEST(RetryPolicy, new_connection_excuses_failed_requests_for_a_limited_time) {
  const RetryLimits limits{.retry_time = std::chrono::seconds{2},
                           .failure_time = std::chrono::seconds{4},
                           .modbus_timeout = std::chrono::seconds{2}};
  EXPECT_FALSE(is_grace_over({.lasting = std::chrono::seconds{9}, .in_a_row = 9}, limits));
  EXPECT_TRUE(is_grace_over({.lasting = std::chrono::milliseconds{9'001}, .in_a_row = 9}, limits));
}

}  // namespace
}  // namespace gensetd::link
