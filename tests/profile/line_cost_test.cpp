#include "profile/line_cost.hpp"

#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace gensetd::profile {
namespace {

struct Cost {
  std::size_t requests = 0;
  long milliseconds = 0;

  bool operator==(const Cost&) const = default;
};

Cost sum_of(const std::vector<ClassCost>& costs, std::size_t from, std::size_t end) {
  Cost sum;
  std::chrono::microseconds time{0};
  for (std::size_t index = from; index < end; ++index) {
    sum.requests += costs[index].requests;
    time += costs[index].line_time;
  }
  sum.milliseconds = std::lround(static_cast<double>(time.count()) / 1000);
  return sum;
}

// Decided in the design of optional blocks: they must not cost anything while there is no alarm.
TEST(LineCost, built_in_maps_cost_what_was_decided) {
  const Catalog built_in = Catalog::built_in();
  const auto switchboard = class_costs(*built_in.find("hgm9560"));
  ASSERT_EQ(switchboard.size(), 3U);
  EXPECT_EQ(sum_of(switchboard, 0, 1), (Cost{6, 983}));
  EXPECT_EQ(sum_of(switchboard, 1, 3), (Cost{2, 305}));
  const auto genset = class_costs(*built_in.find("hgm9520n"));
  ASSERT_EQ(genset.size(), 2U);
  EXPECT_EQ(sum_of(genset, 0, 1), (Cost{7, 1'177}));
  EXPECT_EQ(sum_of(genset, 1, 2), (Cost{3, 485}));
}

TEST(LineCost, classes_name_their_schedule) {
  const Catalog built_in = Catalog::built_in();
  const ProfilePtr profile = built_in.parse(R"(name = "slow"
extends = "hgm9520n"
format = 2
blocks = [
  { name = "each", address = 300, count = 1, every = 1 },
  { name = "tenth", address = 400, count = 1, every = 10 },
  { name = "both", address = 500, count = 1, every = 20, when = ["mode_auto", "alarm_common"] },
  { name = "bits", table = "coils", address = 0, count = 16, every = 30 },
]
)",
                                            "slow.toml");
  const auto costs = class_costs(*profile);
  ASSERT_EQ(costs.size(), 5U);
  EXPECT_EQ(costs[0].every, 0);
  EXPECT_TRUE(costs[0].when.empty());
  EXPECT_EQ(costs[0].requests, 8U) << "those of hgm9520n and register 300";
  std::size_t seen = 0;
  for (const ClassCost& cost : costs) {
    if (cost.every == 10) {
      // 13 characters, the response time, the gap, and two characters for a register.
      EXPECT_EQ(cost.line_time, std::chrono::microseconds(13 * 1'146 + 60'000 + 50'000 + 2 * 1'146));
      ++seen;
    }
    if (cost.every == 20) {
      EXPECT_EQ(cost.when.size(), 2U);
      ++seen;
    }
    if (cost.every == 30) {
      EXPECT_EQ(cost.line_time, std::chrono::microseconds(13 * 1'146 + 60'000 + 50'000 + 2 * 1'146))
          << "two bytes";
      ++seen;
    }
  }
  EXPECT_EQ(seen, 3U);
}

}  // namespace
}  // namespace gensetd::profile
