#include "registry/room.hpp"

#include "registry/refusals.hpp"
#include "supervision/log_lines.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace gensetd::registry {
namespace {

using std::chrono::seconds;
using supervision::LogLines;

const Refusal full = refused_without_room(NoRoom("the disk of /r.sqlite is full"));
constexpr Room::SteadyTime start{seconds{1'000}};

TEST(Room, cause_is_without_what_to_do_about_the_request) {
  EXPECT_EQ(full.message, "the disk of /r.sqlite is full, nothing was changed; make room and try again");
  EXPECT_EQ(cause_of(full), "the disk of /r.sqlite is full");
}

TEST(Room, is_full_from_the_first_refusal_until_a_change_is_stored_with_a_line_at_each_end) {
  const LogLines log;
  Room room;
  EXPECT_FALSE(room.is_full());
  room.stored();
  for (int second = 0; second < 100; ++second) room.refused(full, start + seconds{second});
  EXPECT_TRUE(room.is_full());
  room.stored();
  room.stored();
  EXPECT_FALSE(room.is_full());
  EXPECT_EQ(log.sentences(),
            (std::vector<std::string>{
                "registry: the disk of /r.sqlite is full; changes are refused until there is room",
                "registry: there is room on the disk again, changes are stored"}));
}

TEST(Room, refusals_for_other_reasons_say_nothing_of_the_disk) {
  const LogLines log;
  Room room;
  room.refused({.kind = Refusal::Kind::conflict, .code = "duplicate_code", .message = "x", .field = {}},
               start);
  EXPECT_FALSE(room.is_full());
  EXPECT_TRUE(log.sentences().empty());
}

TEST(Room, is_tried_every_ten_seconds_since_the_last_refusal_while_it_is_full) {
  const LogLines log;
  Room room;
  EXPECT_FALSE(room.is_due(start));
  room.refused(full, start);
  EXPECT_FALSE(room.is_due(start + seconds{9}));
  EXPECT_TRUE(room.is_due(start + seconds{10}));
  room.refused(full, start + seconds{10});
  EXPECT_FALSE(room.is_due(start + seconds{19}));
  EXPECT_TRUE(room.is_due(start + seconds{20}));
  room.stored();
  EXPECT_FALSE(room.is_due(start + seconds{99}));
}

}  // namespace
}  // namespace gensetd::registry
