#include "text/number.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace gensetd::text {
namespace {

TEST(Number, must_be_the_whole_text) {
  EXPECT_EQ(parse_number<int>("42", 0, 100), 42);
  EXPECT_EQ(parse_number<double>("0.25", 0.1, 1), 0.25);
  for (const char* bad : {"", " 42", "42 ", "+42", "42x", "0x2A", "4 2"})
    EXPECT_EQ(parse_number<int>(bad, 0, 100), std::nullopt) << bad;
}

TEST(Number, is_within_its_range) {
  EXPECT_EQ(parse_number<int>("-1", 0, 100), std::nullopt);
  EXPECT_EQ(parse_number<int>("101", 0, 100), std::nullopt);
  EXPECT_EQ(parse_number<std::uint16_t>("65536", 0, 65'535), std::nullopt);
  EXPECT_EQ(parse_number<std::int64_t>("9223372036854775808", 0, INT64_MAX), std::nullopt);
  for (const char* bad : {"nan", "inf", "1e400", "-0.1"})
    EXPECT_EQ(parse_number<double>(bad, 0, 1e300), std::nullopt) << bad;
}

}  // namespace
}  // namespace gensetd::text
