#include "reading/reading.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace gensetd::reading {
namespace {

std::string printed(std::int64_t count, unsigned decimals) {
  std::string out;
  append_decimal(out, count, decimals);
  return out;
}

TEST(Decimal, is_printed_with_the_decimals_of_the_field) {
  EXPECT_EQ(printed(3985, 1), "398.5");
  EXPECT_EQ(printed(-5, 2), "-0.05");
  EXPECT_EQ(printed(100'000, 0), "100000");
  EXPECT_EQ(printed(0, 3), "0");
  EXPECT_EQ(printed(5000, 2), "50");
  EXPECT_EQ(printed(-1000, 3), "-1");
  EXPECT_EQ(printed(1, 6), "0.000001");
  EXPECT_EQ(printed(std::numeric_limits<std::int64_t>::min(), 0), "-9223372036854775808");
  EXPECT_EQ(printed(std::numeric_limits<std::int64_t>::max(), 1), "922337203685477580.7");
}

// Reads the text back digit by digit, without floating point; no trailing zeros, no bare point.
bool equals_exactly(const std::string& text, std::int64_t count, unsigned decimals) {
  std::int64_t value = 0;
  unsigned after_point = 0;
  bool point = false;
  for (std::size_t index = text.front() == '-' ? 1 : 0; index < text.size(); ++index) {
    if (text[index] == '.') {
      if (point || index + 1 == text.size()) return false;
      point = true;
      continue;
    }
    if (text[index] < '0' || text[index] > '9') return false;
    value = value * 10 + (text[index] - '0');
    if (point) ++after_point;
  }
  for (; after_point < decimals; ++after_point) value *= 10;
  return after_point == decimals && (text.front() == '-' ? -value : value) == count &&
         !(point && text.back() == '0');
}

TEST(Decimal, is_exact_for_every_16_bit_count_of_either_sign) {
  for (unsigned decimals = 0; decimals <= 6; ++decimals) {
    for (std::int64_t count = -32'768; count <= 65'535; ++count) {
      const std::string text = printed(count, decimals);
      ASSERT_TRUE(equals_exactly(text, count, decimals)) << count << " with " << decimals << ": " << text;
    }
  }
}

}  // namespace
}  // namespace gensetd::reading
