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

PlannedRead read(std::uint16_t first, std::uint16_t count, std::vector<std::uint16_t> blocks) {
  return {.first = first, .count = count, .blocks = std::move(blocks)};
}

// The ranges of a plan: "0..3 40..42".
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
  for (const auto& [address, count] : address_and_count) {
    profile.blocks.emplace_back().address = static_cast<std::uint16_t>(address);
    profile.blocks.back().count = static_cast<std::uint16_t>(count);
  }
  profile.tcp.merge_limit = merge_limit;
  profile.serial.merge_limit = merge_limit;
  return profile;
}

TEST(ReadPlan, a_genset_over_tcp_takes_four_requests_and_one_for_alarm_words) {
  EXPECT_EQ(ranges(merged_plan(*Catalog::built_in().find("hgm9520n"), tcp)),
            "0..0 114..201 212..275 511..511 1..96");
}

TEST(ReadPlan, a_genset_on_a_serial_line_takes_seven_requests_and_three_for_alarm_words) {
  EXPECT_EQ(ranges(merged_plan(*Catalog::built_in().find("hgm9520n"), serial)),
            "0..0 114..135 140..173 174..201 212..241 260..275 511..511 1..21 31..36 76..96");
}

TEST(ReadPlan, a_switchboard_on_a_serial_line_takes_six_requests_and_two_for_alarm_words) {
  EXPECT_EQ(ranges(merged_plan(*Catalog::built_in().find("hgm9560"), serial)),
            "0..2 40..42 55..84 95..118 134..145 182..211 8..30 44..44");
}

TEST(ReadPlan, a_switchboard_over_tcp_takes_two_requests_and_two_for_alarm_words) {
  EXPECT_EQ(ranges(merged_plan(*Catalog::built_in().find("hgm9560"), tcp)), "0..118 134..211 8..30 44..44");
}

TEST(ReadPlan, a_gap_is_read_only_where_that_costs_less_than_a_request) {
  EXPECT_EQ(ranges(merged_plan(profile_of({{0, 1}, {100, 1}}, 125), tcp)), "0..100");
  EXPECT_EQ(ranges(merged_plan(profile_of({{0, 1}, {102, 1}}, 125), tcp)), "0..0 102..102");
  // On the wire a request with no gap costs (8 + 5) x 1.146 + 60 ms, a register 2.292 ms: 32.7 registers.
  // Registers 0..35 are 36: the limit of 38 leaves two spare registers.
  Profile line = profile_of({{0, 1}, {33, 3}}, 38);
  EXPECT_EQ(ranges(merged_plan(line, serial)), "0..35");
  line = profile_of({{0, 1}, {33, 3}}, 37);
  EXPECT_EQ(ranges(merged_plan(line, serial)), "0..0 33..35");
  line = profile_of({{0, 1}, {34, 3}}, 125);
  EXPECT_EQ(ranges(merged_plan(line, serial)), "0..0 34..36");
  line.serial.request_gap = std::chrono::milliseconds(50);
  EXPECT_EQ(ranges(merged_plan(line, serial)), "0..36");
}

TEST(ReadPlan, blocks_of_different_tables_are_read_apart) {
  Profile profile = profile_of({{0, 4}, {4, 4}, {8, 8}, {16, 8}}, 125);
  profile.blocks[2].table = profile.blocks[3].table = modbus::Function::coils;
  for (const auto protocol : {tcp, serial}) {
    const ReadPlan plan = merged_plan(profile, protocol);
    EXPECT_EQ(ranges(plan), "0..7 8..23");
    EXPECT_EQ(plan[0].table, modbus::Function::holding_registers);
    EXPECT_EQ(plan[1].table, modbus::Function::coils);
  }
}

TEST(ReadPlan, no_serial_read_has_17_to_24_bits) {
  for (const auto& [second, count] : {std::pair{12, 8}, {8, 9}, {16, 8}, {10, 10}}) {
    Profile profile = profile_of({{0, 8}, {second, count}, {100, 1}}, 125);
    profile.blocks[0].table = profile.blocks[1].table = modbus::Function::coils;
    for (const PlannedRead& read : merged_plan(profile, serial))
      EXPECT_FALSE(modbus::is_ambiguous_on_serial_line(read.table, read.count)) << read.count;
    EXPECT_EQ(merged_plan(profile, tcp).size(), 2U);
  }
  Profile longer = profile_of({{0, 8}, {16, 9}}, 125);
  longer.blocks[0].table = longer.blocks[1].table = modbus::Function::coils;
  EXPECT_EQ(ranges(merged_plan(longer, serial)), "0..24");
}

TEST(ReadPlan, blocks_of_different_schedules_are_read_apart) {
  Profile profile = profile_of({{0, 4}, {4, 4}, {8, 4}, {12, 4}, {16, 4}}, 125);
  profile.blocks[1].every = 5;
  profile.blocks[2].every = 5;
  profile.blocks[3].conditions = 1;
  profile.blocks[4].conditions = 3;
  EXPECT_EQ(ranges(merged_plan(profile, tcp)), "0..3 4..11 12..15 16..19");
}

TEST(ReadPlan, gaps_are_read_up_to_the_limit_of_the_transport) {
  Profile profile = profile_of({{0, 4}, {4, 4}, {10, 2}, {15, 2}}, 125);
  profile.tcp.gap_max = 2;
  EXPECT_EQ(ranges(merged_plan(profile, tcp)), "0..11 15..16");
  profile.tcp.gap_max = 0;
  EXPECT_EQ(ranges(merged_plan(profile, tcp)), "0..7 10..11 15..16");
  profile.tcp.whole_blocks = true;
  EXPECT_EQ(ranges(merged_plan(profile, tcp)), "0..3 4..7 10..11 15..16");
}

TEST(ReadPlan, a_block_above_the_merge_limit_is_read_alone) {
  EXPECT_EQ(ranges(merged_plan(profile_of({{0, 50}, {50, 10}, {60, 5}}, 36), serial)), "0..49 50..64");
}

TEST(ReadPlan, a_block_that_must_be_read_alone_keeps_its_exact_range) {
  const Profile& profile = *Catalog::built_in().find("hgm9560");
  EXPECT_EQ(single_blocks(profile, {8, 0, 3}),
            (ReadPlan{read(203, 9, {8}), read(0, 3, {0}), read(75, 10, {3})}));
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

TEST(ReadPlan, is_the_cheapest_plan_and_covers_every_block_once_for_random_maps) {
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

TEST(ReadPlan, layout_contains_each_field_once_with_its_block) {
  for (const char* name : {"hgm9520n", "hgm9560"}) {
    const ProfilePtr profile = Catalog::built_in().find(name);
    const ReadLayoutPtr reads = read_layout_of(profile, serial);
    EXPECT_EQ(reads->plan, merged_plan(*profile, serial));
    EXPECT_EQ(ReadPlan{reads->probe}, single_blocks(*profile, {0}));
    std::size_t named = 0;
    for (std::uint16_t block = 0; block < profile->blocks.size(); ++block) {
      const std::set<std::uint16_t> fields(reads->fields[block].begin(), reads->fields[block].end());
      EXPECT_EQ(fields.size(), reads->fields[block].size());
      for (const std::uint16_t field : fields) EXPECT_EQ(profile->fields[field].block, block);
      named += fields.size();
    }
    EXPECT_EQ(named, profile->fields.size());
  }
}

}  // namespace
}  // namespace gensetd::profile
