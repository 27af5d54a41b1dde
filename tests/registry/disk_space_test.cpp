#include "registry/disk_space.hpp"

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

const Refusal full = refused_disk_full(DiskFull("the disk of /r.sqlite is full"));
constexpr DiskSpace::SteadyTime start{seconds{1'000}};

TEST(DiskSpace, cause_omits_the_advice) {
  EXPECT_EQ(full.message,
            "the disk of /r.sqlite is full, nothing was changed; free disk space and try again");
  EXPECT_EQ(cause_of(full), "the disk of /r.sqlite is full");
}

TEST(DiskSpace, is_full_from_the_first_refusal_until_a_change_is_stored_and_logs_both) {
  const LogLines log;
  DiskSpace disk;
  EXPECT_FALSE(disk.is_full());
  disk.note_stored();
  for (int second = 0; second < 100; ++second) disk.note_refused(full, start + seconds{second});
  EXPECT_TRUE(disk.is_full());
  disk.note_stored();
  disk.note_stored();
  EXPECT_FALSE(disk.is_full());
  EXPECT_EQ(log.sentences(),
            (std::vector<std::string>{
                "registry: the disk of /r.sqlite is full; changes are refused until there is room",
                "registry: there is room on the disk again, changes are stored"}));
}

TEST(DiskSpace, refusals_for_other_reasons_are_ignored) {
  const LogLines log;
  DiskSpace disk;
  disk.note_refused({.kind = Refusal::Kind::conflict, .code = "duplicate_code", .message = "x", .field = {}},
                    start);
  EXPECT_FALSE(disk.is_full());
  EXPECT_TRUE(log.sentences().empty());
}

TEST(DiskSpace, test_is_due_ten_seconds_after_the_last_refusal_while_full) {
  const LogLines log;
  DiskSpace disk;
  EXPECT_FALSE(disk.is_test_due(start));
  disk.note_refused(full, start);
  EXPECT_FALSE(disk.is_test_due(start + seconds{9}));
  EXPECT_TRUE(disk.is_test_due(start + seconds{10}));
  disk.note_refused(full, start + seconds{10});
  EXPECT_FALSE(disk.is_test_due(start + seconds{19}));
  EXPECT_TRUE(disk.is_test_due(start + seconds{20}));
  disk.note_stored();
  EXPECT_FALSE(disk.is_test_due(start + seconds{99}));
}

TEST(DiskSpace, test_that_fails_for_another_reason_is_repeated_after_ten_seconds) {
  const LogLines log;
  DiskSpace disk;
  disk.note_refused(full, start);
  disk.note_untested(start + seconds{15});
  EXPECT_TRUE(disk.is_full());
  EXPECT_FALSE(disk.is_test_due(start + seconds{24}));
  EXPECT_TRUE(disk.is_test_due(start + seconds{25}));
}

}  // namespace
}  // namespace gensetd::registry
