#include "link/stray_bytes.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace gensetd::link {
namespace {

using Position = StrayBytes::Position;
using StrayRun = std::vector<std::uint8_t>;

TEST(StrayBytes, up_to_eight_bytes_of_an_idle_line_are_always_usual) {
  const StrayBytes stray_bytes;
  for (const Position position : {Position::before, Position::behind}) {
    EXPECT_TRUE(stray_bytes.is_usual(position, StrayRun{0x00}));
    EXPECT_TRUE(stray_bytes.is_usual(position, StrayRun(8, 0xFF)));
    EXPECT_FALSE(stray_bytes.is_usual(position, StrayRun(9, 0xFF)));
    EXPECT_FALSE(stray_bytes.is_usual(position, StrayRun{0x00, 0x01}));
  }
  EXPECT_EQ(stray_bytes.description(), "");
}

TEST(StrayBytes, same_bytes_at_the_same_place_are_usual_after_three_responses) {
  StrayBytes stray_bytes;
  const StrayRun text{'+', 'O', 'K'};
  for (int response = 0; response < 3; ++response) {
    EXPECT_FALSE(stray_bytes.is_usual(Position::before, text));
    EXPECT_FALSE(stray_bytes.may_become_usual(Position::before, StrayRun{'+'}));
    stray_bytes.record(Position::before, text);
  }
  EXPECT_TRUE(stray_bytes.is_usual(Position::before, text));
  EXPECT_TRUE(stray_bytes.may_become_usual(Position::before, StrayRun{'+'}));
  EXPECT_FALSE(stray_bytes.is_usual(Position::before, StrayRun{'+'}));
  EXPECT_FALSE(stray_bytes.is_usual(Position::behind, text));
  EXPECT_FALSE(stray_bytes.is_usual(Position::before, StrayRun{'+', 'O', 'X'}));
}

// Two of a hundred responses with garbage are not usual, however long it goes on.
TEST(StrayBytes, bytes_beside_few_responses_do_not_become_usual) {
  StrayBytes stray_bytes;
  for (unsigned response = 0; response < 10'000; ++response) {
    const bool has_garbage = response % 50 == 0;
    const auto byte = static_cast<std::uint8_t>(1 + response / 50 % 200);
    stray_bytes.record(Position::behind, has_garbage ? StrayRun{byte, 0x55} : StrayRun{});
  }
  EXPECT_FALSE(stray_bytes.is_usual(Position::behind, StrayRun{0x01}));
  EXPECT_EQ(stray_bytes.description(), "");
}

TEST(StrayBytes, changing_bytes_are_usual_by_their_number_when_most_responses_have_them) {
  StrayBytes stray_bytes;
  for (std::uint8_t response = 1; response <= 12; ++response)
    stray_bytes.record(Position::behind, StrayRun{response, 0x42});
  EXPECT_TRUE(stray_bytes.is_usual(Position::behind, StrayRun{0x99, 0x98}));
  EXPECT_FALSE(stray_bytes.is_known(Position::behind, StrayRun{0x99, 0x98}));
  EXPECT_FALSE(stray_bytes.is_usual(Position::behind, StrayRun{0x99, 0x98, 0x97}));
  EXPECT_TRUE(stray_bytes.description().starts_with("2 stray bytes behind each response: check termination"));
  for (int response = 0; response < 16; ++response) stray_bytes.record(Position::behind, {});
  EXPECT_FALSE(stray_bytes.is_usual(Position::behind, StrayRun{0x99, 0x98}));
  EXPECT_EQ(stray_bytes.description(), "");
}

TEST(StrayBytes, long_runs_are_never_usual) {
  StrayBytes stray_bytes;
  for (int response = 0; response < 20; ++response)
    stray_bytes.record(Position::before, StrayRun(StrayBytes::run_max + 1, 0x41));
  EXPECT_FALSE(stray_bytes.is_usual(Position::before, StrayRun(StrayBytes::run_max + 1, 0x41)));
}

}  // namespace
}  // namespace gensetd::link
