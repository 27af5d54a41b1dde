#include "link/late_answers.hpp"

#include <gtest/gtest.h>

namespace gensetd::link {
namespace {

using modbus::ReadRequest;
constexpr ReadRequest asked{.unit_id = 1, .first = 55, .count = 10};

TEST(LateAnswers, hold_back_other_registers_of_equal_unit_and_count_until_they_can_no_longer_come) {
  LateAnswers late;
  const SteadyTime now{};
  late.expect(asked, now);
  const ReadRequest other{.unit_id = 1, .first = 75, .count = 10};
  EXPECT_EQ(late.safe_from(other, now), now + LateAnswers::possible_for);
  EXPECT_EQ(late.safe_from(other, now + LateAnswers::possible_for), now + LateAnswers::possible_for);
}

TEST(LateAnswers, hold_back_nothing_that_cannot_be_mistaken) {
  LateAnswers late;
  const SteadyTime now{};
  late.expect(asked, now);
  EXPECT_EQ(late.safe_from(asked, now), now);
  EXPECT_EQ(late.safe_from({.unit_id = 2, .first = 75, .count = 10}, now), now);
  EXPECT_EQ(late.safe_from({.unit_id = 1, .first = 75, .count = 11}, now), now);
}

TEST(LateAnswers, of_one_request_are_remembered_once_and_from_the_last_time) {
  LateAnswers late;
  const SteadyTime now{};
  late.expect(asked, now);
  late.expect(asked, now + std::chrono::seconds{5});
  EXPECT_EQ(late.count(), 1U);
  EXPECT_EQ(late.safe_from({.unit_id = 1, .first = 0, .count = 10}, now),
            now + std::chrono::seconds{5} + LateAnswers::possible_for);
}

TEST(LateAnswers, that_can_no_longer_come_are_forgotten) {
  LateAnswers late;
  const SteadyTime now{};
  late.expect(asked, now);
  late.expect({.unit_id = 1, .first = 0, .count = 3}, now + LateAnswers::possible_for);
  EXPECT_EQ(late.count(), 1U);
}

}  // namespace
}  // namespace gensetd::link
