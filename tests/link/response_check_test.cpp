#include "link/response_check.hpp"

#include "script.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace gensetd::link {
namespace {

// A pending read of 55+10.
class ResponseCheckTest : public testing::Test {
 protected:
  ResponseCheckTest() {
    pending.queued.transaction.request = {
        .unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 10};
    pending.request = pending.queued.transaction.request;
  }

  // Checks `count` registers with these values as the response to a request for as many registers.
  ResponseCheck check(std::uint16_t count, unsigned value) {
    pending.request.count = count;
    return check_response(pending, numbers(std::min<std::size_t>(count, 10), value), values);
  }

  void remember(std::uint16_t count, unsigned value) {
    pending.request.count = count;
    remember_unconfirmed(pending, 0, numbers(std::min<std::size_t>(count, 10), value), SteadyTime{});
  }

  PendingRequest pending;
  LastValues values;
};

TEST_F(ResponseCheckTest, first_response_is_unconfirmed) {
  EXPECT_EQ(check(10, 400), ResponseCheck::unconfirmed);
}

TEST_F(ResponseCheckTest, response_that_continues_the_last_values_is_accepted) {
  values.remember(pending.request, numbers(10, 400));
  EXPECT_EQ(check(10, 401), ResponseCheck::accepted);
  EXPECT_EQ(check(10, 9'000), ResponseCheck::unconfirmed);
}

TEST_F(ResponseCheckTest, part_never_continues_the_last_values_alone) {
  values.remember(pending.request, numbers(10, 400));
  EXPECT_EQ(check(9, 400), ResponseCheck::unconfirmed);
}

TEST_F(ResponseCheckTest, part_confirms_a_whole_response_and_a_whole_one_confirms_a_part) {
  remember(10, 400);
  EXPECT_EQ(check(9, 400), ResponseCheck::confirmed);
  remember(9, 400);
  EXPECT_EQ(check(10, 400), ResponseCheck::confirmed);
}

TEST_F(ResponseCheckTest, part_does_not_confirm_a_part) {
  remember(9, 400);
  EXPECT_EQ(check(8, 400), ResponseCheck::unconfirmed);
}

TEST_F(ResponseCheckTest, different_response_confirms_nothing) {
  remember(10, 400);
  EXPECT_EQ(check(9, 9'000), ResponseCheck::unconfirmed);
}

TEST_F(ResponseCheckTest, whole_response_is_accepted_after_four_different_ones) {
  for (unsigned count = 0; count < confirmations_max; ++count) {
    EXPECT_EQ(check(10, 5'000 * count), ResponseCheck::unconfirmed) << count;
    remember(10, 5'000 * count);
  }
  EXPECT_EQ(check(10, 25'000), ResponseCheck::accepted);
  EXPECT_EQ(check(9, 25'000), ResponseCheck::unconfirmed) << "a part";
  pending.must_agree = true;
  EXPECT_EQ(check(10, 25'000), ResponseCheck::unconfirmed) << "must agree";
}

TEST_F(ResponseCheckTest, responses_that_must_agree_need_two_different_counts) {
  pending.must_agree = true;
  values.remember(pending.request, numbers(10, 400));
  EXPECT_EQ(check(10, 400), ResponseCheck::unconfirmed) << "last values do not count";
  remember(10, 400);
  EXPECT_EQ(check(10, 400), ResponseCheck::unconfirmed) << "the same count";
  EXPECT_EQ(check(11, 400), ResponseCheck::confirmed);
  EXPECT_EQ(check(11, 410), ResponseCheck::unconfirmed) << "continues, but does not agree";
}

TEST_F(ResponseCheckTest, single_register_is_confirmed_with_the_same_count) {
  pending.queued.transaction.request.count = 1;
  pending.must_agree = true;
  remember(1, 7);
  EXPECT_EQ(check(1, 7), ResponseCheck::confirmed);
}

}  // namespace
}  // namespace gensetd::link
