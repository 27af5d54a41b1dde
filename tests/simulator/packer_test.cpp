#include "simulator/packer.hpp"

#include <gtest/gtest.h>

namespace gensetd::simulator {
namespace {

using std::chrono::milliseconds;
using SteadyTime = Packer::SteadyTime;

const SteadyTime start{std::chrono::seconds{100}};
const Bytes ten{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST(Packer, frame_goes_whole_after_a_pause_of_four_characters) {
  Packer packer(milliseconds{1}, milliseconds{0});
  EXPECT_FALSE(packer.due());
  EXPECT_EQ(packer.add(ten, start), start + milliseconds{10});
  EXPECT_EQ(packer.due(), start + milliseconds{14});
  EXPECT_EQ(packer.take(), ten);
  EXPECT_FALSE(packer.due());
}

TEST(Packer, longer_pause_cuts_a_frame_and_a_shorter_one_joins_two) {
  Packer packer(milliseconds{1}, milliseconds{0});
  packer.add(ten, start);
  packer.add(ten, start + milliseconds{10 + 4});
  EXPECT_EQ(packer.due(), start + milliseconds{28});
  EXPECT_EQ(packer.take().size(), 20U);

  packer.add(ten, start + milliseconds{100});
  packer.add(ten, start + milliseconds{110 + 5});
  EXPECT_EQ(packer.due(), start + milliseconds{114});
  EXPECT_EQ(packer.take().size(), 10U);
  EXPECT_EQ(packer.take().size(), 10U);
}

TEST(Packer, packets_of_a_fixed_time_cut_and_join_whatever_comes_in_it) {
  Packer packer(milliseconds{1}, milliseconds{15});
  packer.add(ten, start);
  packer.add(ten, start + milliseconds{12});
  EXPECT_EQ(packer.due(), start + milliseconds{15});
  EXPECT_EQ(packer.take().size(), 13U);  // the ten, and three of the second frame
  EXPECT_EQ(packer.due(), start + milliseconds{15 + 15});
  EXPECT_EQ(packer.take(), (Bytes{3, 4, 5, 6, 7, 8, 9}));
}

TEST(Packer, line_carries_one_frame_after_another) {
  Packer packer(milliseconds{1}, milliseconds{0});
  packer.add(ten, start);
  EXPECT_EQ(packer.add(ten, start + milliseconds{3}), start + milliseconds{20});
}

TEST(Packer, without_pacing_bytes_go_at_once_and_a_pause_still_cuts) {
  Packer packer(milliseconds{0}, milliseconds{0});
  packer.add(ten, start);
  packer.add(ten, start + milliseconds{2});
  EXPECT_EQ(packer.due(), start);
  EXPECT_EQ(packer.take(), ten);
  EXPECT_EQ(packer.due(), start + milliseconds{2});
}

}  // namespace
}  // namespace gensetd::simulator
