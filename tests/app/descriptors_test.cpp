#include "app/descriptors.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace gensetd::app {
namespace {

TEST(Descriptors, every_limit_is_divided_without_rest) {
  for (std::size_t limit = 65; limit < 5'000; ++limit) {
    const DescriptorPlan plan = plan_descriptors(limit, 25, 1, 1'024);
    EXPECT_EQ(plan.own + plan.http_reserve + plan.controllers, limit);
    EXPECT_GE(plan.http_reserve, 12U);
    EXPECT_GE(plan.controllers, 4U);
  }
}

TEST(Descriptors, http_is_reserved_no_more_than_it_may_use) {
  const DescriptorPlan plan = plan_descriptors(65'536, 40, 4, 1'024);
  EXPECT_EQ(plan.http_reserve, 1'024U + 32U);
  EXPECT_GT(plan.controllers, 60'000U);
}

TEST(Descriptors, what_controllers_do_not_need_is_lent_to_http) {
  const DescriptorPlan plan = plan_descriptors(1'024, 40, 3, 1'024);
  EXPECT_EQ(plan.http_possible(0), plan.http_reserve + plan.controllers);
  EXPECT_EQ(plan.http_possible(7), plan.http_reserve + plan.controllers - 7);
  EXPECT_EQ(plan.http_possible(10'000), plan.http_reserve);
}

TEST(Descriptors, a_limit_that_leaves_no_room_is_a_sentence_that_says_what_is_needed) {
  try {
    plan_descriptors(50, 40, 4, 1'024);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "this process may open 50 files, but needs at least 81 with POLL_THREADS=4; raise the limit "
                 "(LimitNOFILE of the service, ulimit -n)");
  }
}

}  // namespace
}  // namespace gensetd::app
