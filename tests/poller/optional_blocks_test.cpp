#include "poller/optional_blocks.hpp"

#include "link/error.hpp"
#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace gensetd::poller {
namespace {

using profile::Value;

constexpr const char* optional_map = R"(
format = 2
name = "optional"
title = { en = "Optional", ru = "Необязательные" }
device_type = "generator"
protocol = "tcp"
probe_address = 0
no_data = { u16 = "none" }
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
code_tables = [{ name = "t", codes = [
  { value = 0, key = "fine", label = { en = "Fine", ru = "Да" } },
  { value = 2, key = "bad", label = { en = "Bad", ru = "Нет" } } ] }]
blocks = [
  { name = "base", address = 0, count = 2 },
  { name = "slow", address = 10, count = 1, every = 5 },
  { name = "words", address = 20, count = 1, when = ["alarm", "state:bad"] },
  { name = "both", address = 30, count = 1, every = 4, when = ["state:bad"] },
]
fields = [
  { name = "alarm", address = 0, type = "bit", bit = 3, group = "g", label = { en = "a", ru = "а" } },
  { name = "state", address = 1, type = "enum", codes = "t", group = "g", label = { en = "s", ru = "с" } },
  { name = "slow10", address = 10, type = "u16", group = "g", label = { en = "b", ru = "б" } },
  { name = "word20", address = 20, type = "u16", group = "g", label = { en = "c", ru = "в" } },
  { name = "both30", address = 30, type = "u16", group = "g", label = { en = "d", ru = "г" } },
]
)";

class OptionalBlocksTest : public testing::Test {
 protected:
  // The names of the blocks that are due in the cycle of this slot, when the alarm bit and the state have
  // these values.
  std::string due(std::int64_t slot, Value alarm = 0, Value state = 0) {
    blocks.begin(slot);
    values.assign(map->fields.size(), std::nullopt);
    values[0] = alarm;
    values[1] = state;
    blocks.choose(*map, values);
    std::string names;
    for (std::uint16_t block = blocks.first(); block < blocks.end(); ++block) {
      if (blocks.is_due(block)) names += (names.empty() ? "" : " ") + map->blocks[block].name;
    }
    return names;
  }

  std::uint16_t index_of(const std::string& name) const {
    std::uint16_t index = 0;
    while (map->blocks[index].name != name) ++index;
    return index;
  }

  void read(const std::string& name, std::int64_t value) {
    blocks.note_read(index_of(name));
    for (std::size_t index = 0; index < values.size(); ++index) {
      if (map->fields[index].block == index_of(name)) values[index] = value;
    }
  }
  void fail(const std::string& name) {
    blocks.note_failure(index_of(name), {.error = link::Error::no_response});
  }
  Value value_of(const std::string& field) const {
    for (std::size_t index = 0; index < values.size(); ++index) {
      if (map->fields[index].name == field) return values[index];
    }
    return std::nullopt;
  }
  void commit() { blocks.commit(*map, values); }

  profile::ProfilePtr map = profile::Catalog::built_in().parse(optional_map, "optional.toml");
  OptionalBlocks blocks{*map};
  std::vector<Value> values;
};

TEST_F(OptionalBlocksTest, a_block_with_every_is_due_once_in_each_period) {
  std::vector<std::int64_t> slots;
  for (std::int64_t slot = 3; slot < 20; ++slot) {
    if (due(slot).find("slow") == std::string::npos) continue;
    slots.push_back(slot);
    read("slow", slot);
    commit();
  }
  EXPECT_EQ(slots, (std::vector<std::int64_t>{3, 5, 10, 15}));
}

TEST_F(OptionalBlocksTest, a_skipped_slot_loses_nothing) {
  EXPECT_EQ(due(4), "both slow");
  read("slow", 1);
  read("both", 1);
  commit();
  EXPECT_EQ(due(7), "slow");  // slot 5 was skipped
  commit();                   // and no cycle had time for it
  EXPECT_EQ(due(9), "both slow");
}

TEST_F(OptionalBlocksTest, a_value_is_kept_for_two_periods_without_a_read) {
  due(0);
  read("slow", 77);
  commit();
  for (std::int64_t slot = 1; slot <= 10; ++slot) {
    due(slot);
    commit();
    EXPECT_EQ(value_of("slow10"), Value{77}) << slot;
  }
  due(11);
  commit();
  EXPECT_EQ(value_of("slow10"), std::nullopt);
}

TEST_F(OptionalBlocksTest, each_condition_makes_its_blocks_due) {
  EXPECT_EQ(due(0, 0, 0), "both slow");
  EXPECT_EQ(due(0, 1, 0), "words both slow");
  read("both", 1);
  read("slow", 1);
  read("words", 1);
  commit();
  EXPECT_EQ(due(1, 0, 2), "words both");
}

TEST_F(OptionalBlocksTest, a_condition_without_data_counts_as_met) {
  due(0);
  read("both", 1);
  read("slow", 1);
  commit();
  EXPECT_EQ(due(1, std::nullopt, 0), "words");
}

TEST_F(OptionalBlocksTest, after_the_condition_the_block_is_read_once_more) {
  due(0, 1);
  read("words", 5);
  commit();
  EXPECT_NE(due(1, 0).find("words"), std::string::npos);
  commit();  // not read: the line had no time
  EXPECT_NE(due(2, 0).find("words"), std::string::npos);
  fail("words");
  commit();
  EXPECT_EQ(value_of("word20"), std::nullopt);
  EXPECT_NE(due(3, 0).find("words"), std::string::npos);
  read("words", 0);
  commit();
  EXPECT_EQ(value_of("word20"), Value{0});
  EXPECT_EQ(due(4, 0).find("words"), std::string::npos);
  commit();
  EXPECT_EQ(value_of("word20"), std::nullopt);  // not read in this cycle
}

TEST_F(OptionalBlocksTest, a_second_cycle_of_a_slot_keeps_no_value_without_every) {
  due(0, 1);
  read("words", 5);
  read("slow", 6);
  commit();
  due(0, 1);
  fail("words");
  commit();
  EXPECT_EQ(value_of("word20"), std::nullopt);
  EXPECT_EQ(value_of("slow10"), Value{6});
}

TEST_F(OptionalBlocksTest, after_three_failures_only_each_thirtieth_cycle_tries) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    EXPECT_NE(due(0, 1).find("words"), std::string::npos);
    fail("words");
    commit();
  }
  EXPECT_EQ(blocks.failures(index_of("words")), 3);
  for (int cycle = 1; cycle < 30; ++cycle) {
    EXPECT_EQ(due(0, 1).find("words"), std::string::npos) << cycle;
    commit();
  }
  EXPECT_NE(due(0, 1).find("words"), std::string::npos);
  read("words", 9);
  commit();
  EXPECT_EQ(blocks.failures(index_of("words")), 0);
  EXPECT_FALSE(blocks.failure(index_of("words")));
}

TEST_F(OptionalBlocksTest, a_failure_replaces_a_read_of_the_same_cycle) {
  due(0, 1);
  read("words", 9);
  fail("words");
  commit();
  EXPECT_EQ(blocks.failures(index_of("words")), 1);
  EXPECT_EQ(value_of("word20"), std::nullopt);
}

TEST_F(OptionalBlocksTest, a_suspect_response_is_read_again_in_the_next_cycle) {
  due(0);
  read("slow", 1);
  read("both", 1);
  commit();
  blocks.read_again(index_of("slow"));
  EXPECT_EQ(due(1), "slow");
}

}  // namespace
}  // namespace gensetd::poller
