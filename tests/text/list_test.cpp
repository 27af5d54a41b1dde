#include "text/list.hpp"

#include <gtest/gtest.h>

namespace gensetd::text {
namespace {

using Entries = std::vector<std::string_view>;

TEST(List, entries_keep_their_spaces) {
  EXPECT_EQ(split_list("a"), (Entries{"a"}));
  EXPECT_EQ(split_list(" a ,\tb c\t"), (Entries{" a ", "\tb c\t"}));
}

TEST(List, empty_entries_are_kept) {
  EXPECT_EQ(split_list(""), (Entries{""}));
  EXPECT_EQ(split_list("a,,b"), (Entries{"a", "", "b"}));
  EXPECT_EQ(split_list("a, "), (Entries{"a", " "}));
}

TEST(List, only_spaces_and_tabs_are_trimmed) {
  EXPECT_EQ(trimmed(" \t x\n"), "x\n");
  EXPECT_EQ(trimmed(" \t "), "");
}

}  // namespace
}  // namespace gensetd::text
