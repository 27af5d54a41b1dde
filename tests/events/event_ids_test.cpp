#include "events/event_ids.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>

namespace gensetd::events {
namespace {

constexpr std::int64_t random_range_begin = std::int64_t{1} << 52;
constexpr std::int64_t javascript_end = std::int64_t{1} << 53;

TEST(EventIds, returns_each_id_of_its_blocks_once_and_in_order) {
  EventIds ids;
  ids.add(1'001);
  ids.add(5'001);
  for (std::int64_t id = 1'001; id <= 2'000; ++id) EXPECT_EQ(ids.next(), id);
  for (std::int64_t id = 5'001; id <= 6'000; ++id) EXPECT_EQ(ids.next(), id);
}

TEST(EventIds, block_counts_until_its_last_id_is_returned) {
  EventIds ids;
  EXPECT_EQ(ids.blocks(), 0U);
  ids.add(1);
  ids.add(1'001);
  EXPECT_EQ(ids.blocks(), 2U);
  for (int taken = 0; taken < 999; ++taken) ids.next();
  EXPECT_EQ(ids.blocks(), 2U);
  ids.next();
  EXPECT_EQ(ids.blocks(), 1U);
}

TEST(EventIds, ids_without_a_block_come_from_a_range_of_their_own) {
  for (const std::uint64_t random :
       {std::uint64_t{0}, std::uint64_t{1} << 20, std::numeric_limits<std::uint64_t>::max()}) {
    EventIds ids{random};
    std::set<std::int64_t> seen;
    for (int event = 0; event < 20'000; ++event) {
      const std::int64_t id = ids.next();
      EXPECT_GE(id, random_range_begin);
      EXPECT_LT(id, javascript_end);
      EXPECT_TRUE(seen.insert(id).second);
    }
    ids.add(7'001);
    EXPECT_EQ(ids.next(), 7'001);
  }
}

}  // namespace
}  // namespace gensetd::events
