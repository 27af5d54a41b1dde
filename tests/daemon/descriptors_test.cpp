#include "daemon/descriptors.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace gensetd::daemon {
namespace {

TEST(Descriptors, every_limit_is_divided_completely) {
  for (std::size_t limit = 65; limit < 5'000; ++limit) {
    const DescriptorPlan plan = plan_descriptors(limit, 25, 1, 1'024);
    EXPECT_EQ(plan.own + plan.http_reserve + plan.controllers, limit);
    EXPECT_GE(plan.http_reserve, 12U);
    EXPECT_GE(plan.controllers, 4U);
  }
}

TEST(Descriptors, http_reserve_is_no_more_than_http_may_use) {
  const DescriptorPlan plan = plan_descriptors(65'536, 40, 4, 1'024);
  EXPECT_EQ(plan.http_reserve, 1'024U + 32U);
  EXPECT_GT(plan.controllers, 60'000U);
}

TEST(Descriptors, http_may_use_descriptors_that_controllers_do_not_need) {
  const DescriptorPlan plan = plan_descriptors(1'024, 40, 3, 1'024);
  EXPECT_EQ(plan.http_possible(0), plan.http_reserve + plan.controllers);
  EXPECT_EQ(plan.http_possible(7), plan.http_reserve + plan.controllers - 7);
  EXPECT_EQ(plan.http_possible(10'000), plan.http_reserve);
}

TEST(Descriptors, too_low_limit_is_an_error_that_says_what_is_needed) {
  try {
    plan_descriptors(50, 40, 4, 1'024);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "this process may open 50 files, but needs at least 81 with POLL_THREADS=4; raise the limit "
                 "(LimitNOFILE of the service, ulimit -n)");
  }
}

// In a process of its own: standard input, output and error are closed.
[[noreturn]] void start_without_standard_descriptors() {
  for (const int standard : {0, 1, 2}) ::close(standard);
  occupy_standard_descriptors();
  const int next = ::open("/", O_PATH);
  const bool takes_anything = ::write(2, "x", 1) >= 0 || ::write(1, "x", 1) >= 0;
  std::_Exit(next > 2 && !takes_anything ? 0 : 1);
}

TEST(DescriptorsDeathTest, files_and_sockets_never_get_a_standard_descriptor) {
  EXPECT_EXIT(start_without_standard_descriptors(), testing::ExitedWithCode(0), "");
}

TEST(Descriptors, open_standard_descriptors_are_unchanged) {
  const std::size_t before = open_descriptors();
  occupy_standard_descriptors();
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace gensetd::daemon
