#include "profile/read_plan.hpp"

#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::profile {
namespace {

constexpr auto tcp = modbus::Protocol::tcp;
constexpr auto serial = modbus::Protocol::rtu_over_tcp;

// "0..3 40..42": what stands in a plan.
std::string ranges(const ReadPlan& plan) {
  std::string text;
  for (const PlannedRead& read : plan) {
    text += (text.empty() ? "" : " ") + std::to_string(read.first) + ".." +
            std::to_string(read.first + read.count - 1);
  }
  return text;
}

Profile profile_of(const std::vector<std::pair<int, int>>& address_and_count, std::uint16_t merge_limit) {
  Profile profile;
  for (const auto& [address, count] : address_and_count)
    profile.blocks.push_back({"b", static_cast<std::uint16_t>(address), static_cast<std::uint16_t>(count)});
  profile.tcp.merge_limit = merge_limit;
  profile.serial.merge_limit = merge_limit;
  return profile;
}

ReadPlan reads(const std::vector<std::pair<int, int>>& first_and_count) {
  ReadPlan plan;
  for (const auto& [first, count] : first_and_count)
    plan.push_back({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(count), {}});
  return plan;
}

TEST(ReadPlan, a_genset_over_tcp_takes_four_requests) {
  EXPECT_EQ(ranges(merged_plan(*Catalog::built_in().find("hgm9520n"), tcp)),
            "0..0 114..201 212..275 511..511");
}

TEST(ReadPlan, a_genset_on_a_serial_line_takes_the_ranges_that_the_sites_know_to_work) {
  EXPECT_EQ(ranges(merged_plan(*Catalog::built_in().find("hgm9520n"), serial)),
            "0..1 114..135 140..158 166..201 212..241 260..275 511..511");
}

TEST(ReadPlan, a_switchboard_on_a_serial_line_takes_six_requests_of_six_lengths) {
  EXPECT_EQ(ranges(merged_plan(*Catalog::built_in().find("hgm9560"), serial)),
            "0..3 40..42 55..85 95..118 134..145 182..211");
}

TEST(ReadPlan, a_switchboard_over_tcp_takes_two_requests) {
  EXPECT_EQ(ranges(merged_plan(*Catalog::built_in().find("hgm9560"), tcp)), "0..118 134..211");
}

TEST(ReadPlan, a_gap_is_bridged_only_where_that_costs_less_than_a_request) {
  EXPECT_EQ(ranges(merged_plan(profile_of({{0, 1}, {100, 1}}, 125), tcp)), "0..100");
  EXPECT_EQ(ranges(merged_plan(profile_of({{0, 1}, {102, 1}}, 125), tcp)), "0..0 102..102");
  // On the wire a request with no gap costs (8 + 5) x 1.146 + 60 ms, a register 2.292 ms: 32.7 registers.
  Profile line = profile_of({{0, 1}, {33, 3}}, 125);
  EXPECT_EQ(ranges(merged_plan(line, serial)), "0..35");
  line = profile_of({{0, 1}, {34, 3}}, 125);
  EXPECT_EQ(ranges(merged_plan(line, serial)), "0..0 34..36");
  line.serial.request_gap = std::chrono::milliseconds(50);
  EXPECT_EQ(ranges(merged_plan(line, serial)), "0..36");
}

TEST(ReadPlan, a_block_above_the_merge_limit_is_read_alone) {
  EXPECT_EQ(ranges(merged_plan(profile_of({{0, 50}, {50, 10}, {60, 5}}, 36), serial)), "0..49 50..64");
}

TEST(ReadPlan, a_block_that_must_be_read_alone_keeps_its_exact_range) {
  const Profile& profile = *Catalog::built_in().find("hgm9560");
  EXPECT_EQ(single_blocks(profile, {8, 0, 3}), (ReadPlan{{203, 9, {8}}, {0, 3, {0}}, {75, 10, {3}}}));
}

TEST(ReadPlan, reads_of_equal_count_grow_over_the_gap_behind_them_by_as_little_as_can_be) {
  ReadPlan plan = reads({{0, 3}, {10, 3}, {20, 3}});
  make_counts_distinct(plan, 36);
  EXPECT_EQ(ranges(plan), "0..3 10..14 20..22");
  // The middle one has no room, so the first gives way, and the last, behind which the map ends, stays.
  plan = reads({{0, 3}, {10, 3}, {13, 4}});
  make_counts_distinct(plan, 36);
  EXPECT_EQ(ranges(plan), "0..4 10..12 13..16");
  plan = reads({{0, 3}, {3, 3}});
  make_counts_distinct(plan, 36);
  EXPECT_EQ(ranges(plan), "0..2 3..5");
  plan = reads({{0, 36}, {100, 36}});
  make_counts_distinct(plan, 36);
  EXPECT_EQ(ranges(plan), "0..35 100..135");
}

// The cheapest way to cut blocks into runs, by trying all of them.
std::int64_t cheapest_of_all(const Profile& profile) {
  const std::size_t cuts = profile.blocks.size() - 1;
  std::int64_t cheapest = std::numeric_limits<std::int64_t>::max();
  for (unsigned mask = 0; mask < (1U << cuts); ++mask) {
    std::int64_t total = 0;
    bool allowed = true;
    std::size_t first = 0;
    for (std::size_t last = 0; last <= cuts; ++last) {
      if (last < cuts && (mask & (1U << last)) == 0) continue;
      const int span =
          profile.blocks[last].address + profile.blocks[last].count - profile.blocks[first].address;
      allowed = allowed && (span <= profile.tcp.merge_limit || first == last);
      total += 100 + span;
      first = last + 1;
    }
    if (allowed) cheapest = std::min(cheapest, total);
  }
  return cheapest;
}

TEST(ReadPlan, is_the_cheapest_of_all_and_covers_every_block_once_for_random_maps) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto upto = [&](unsigned low, unsigned high) {
    return static_cast<int>(low + random() % (high - low + 1));
  };
  for (int map = 0; map < 500; ++map) {
    std::vector<std::pair<int, int>> blocks;
    int address = upto(0, 50);
    for (int block = upto(1, 9); block > 0; --block) {
      blocks.emplace_back(address, upto(1, 30));
      address += blocks.back().second + (upto(0, 2) == 0 ? 0 : upto(0, 120));
    }
    const auto limit = static_cast<std::uint16_t>(upto(1, 125));
    const Profile profile = profile_of(blocks, limit);
    std::int64_t cost = 0;
    for (const PlannedRead& read : merged_plan(profile, tcp)) cost += 100 + read.count;
    ASSERT_EQ(cost, cheapest_of_all(profile));

    std::vector<int> covered;
    int end = 0;
    for (const PlannedRead& read : merged_plan(profile, serial)) {
      ASSERT_GE(read.first, end) << "reads overlap";
      end = read.first + read.count;
      ASSERT_TRUE(read.count <= limit || read.blocks.size() == 1) << read.count << " above " << limit;
      for (const std::uint16_t block : read.blocks) {
        covered.push_back(block);
        ASSERT_GE(profile.blocks[block].address, read.first);
        ASSERT_LE(profile.blocks[block].address + profile.blocks[block].count, end);
      }
    }
    ASSERT_LE(end, profile.blocks.back().address + profile.blocks.back().count);
    ASSERT_EQ(covered.size(), profile.blocks.size());
    ASSERT_TRUE(std::is_sorted(covered.begin(), covered.end()));
  }
}

// How many reads keep a count that another has too, in the best of all ways to grow them.
std::size_t fewest_equal(const std::vector<std::pair<int, int>>& count_and_largest, std::size_t index,
                         std::set<int>& taken) {
  if (index == count_and_largest.size()) return 0;
  std::size_t fewest = 1 + fewest_equal(count_and_largest, index + 1, taken);
  for (int count = count_and_largest[index].first; count <= count_and_largest[index].second; ++count) {
    if (!taken.insert(count).second) continue;
    fewest = std::min(fewest, fewest_equal(count_and_largest, index + 1, taken));
    taken.erase(count);
  }
  return fewest;
}

TEST(ReadPlan, as_many_counts_as_can_be_are_distinct_for_random_reads) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int attempt = 0; attempt < 2000; ++attempt) {
    std::vector<std::pair<int, int>> places;
    int first = 0;
    for (auto read = 1 + random() % 6; read > 0; --read) {
      places.emplace_back(first, 1 + static_cast<int>(random() % 3));
      first += places.back().second + static_cast<int>(random() % 4);
    }
    ReadPlan plan = reads(places);
    std::vector<std::pair<int, int>> room;
    for (std::size_t index = 0; index < places.size(); ++index) {
      const int largest =
          index + 1 < places.size() ? places[index + 1].first - places[index].first : places[index].second;
      room.emplace_back(places[index].second, largest);
    }
    make_counts_distinct(plan, 36);
    std::set<int> counts;
    for (const PlannedRead& read : plan) counts.insert(read.count);
    std::set<int> taken;
    ASSERT_GE(plan.size() - counts.size() + 0, 0U);
    ASSERT_LE(plan.size() - counts.size(), fewest_equal(room, 0, taken))
        << ranges(reads(places)) << " -> " << ranges(plan);
  }
}

}  // namespace
}  // namespace gensetd::profile
