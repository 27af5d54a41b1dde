#include "history/series.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace gensetd::history {
namespace {

using Values = std::vector<profile::Value>;

Values read_open(const Series& series) {
  Values out;
  series.read(out);
  return out;
}

Values read_finished(Series& series) {
  Values out;
  read_series(series.finish(), out);
  return out;
}

TEST(Series, numbers_of_every_length_round_trip) {
  std::string bytes;
  std::vector<std::uint64_t> numbers = {
      0, 1, 127, 128, 16'383, 16'384, std::numeric_limits<std::uint64_t>::max()};
  for (const auto number : numbers) append_number(bytes, number);
  std::string_view rest = bytes;
  for (const auto number : numbers) EXPECT_EQ(take_number(rest), number);
  EXPECT_TRUE(rest.empty());
}

TEST(Series, values_round_trip) {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  const std::vector<Values> tables = {
      {},
      {0},
      {std::nullopt},
      {0, 0, 0},
      {5, 5, std::nullopt, std::nullopt, 5, 6},
      {std::nullopt, 0, std::nullopt, 0},
      {-2'147'483'648, 4'294'967'295, -1, 0, 1},
      {lowest, highest, lowest, lowest, 0, highest, std::nullopt, highest, lowest / 2 - 1, highest / 2},
  };
  for (const Values& values : tables) {
    Series series;
    for (const auto& value : values) series.append(value);
    EXPECT_EQ(read_open(series), values);
    EXPECT_EQ(read_finished(series), values);
    series.clear();
    EXPECT_EQ(read_open(series), Values{});
  }
}

TEST(Series, random_values_round_trip_at_every_length) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Series series;
  Values values;
  for (int count = 0; count < 2'000; ++count) {
    const auto what = random() % 4;
    profile::Value value;
    if (what == 1 && !values.empty()) value = values.back();
    if (what == 2) value = static_cast<std::int64_t>(random() % 100);
    if (what == 3) value = static_cast<std::int32_t>(random());
    values.push_back(value);
    series.append(value);
    if (count % 97 != 0) continue;
    ASSERT_EQ(read_open(series), values);
  }
  EXPECT_EQ(read_finished(series), values);
}

TEST(Series, constant_values_cost_nothing_and_varying_ones_a_byte_or_two) {
  Series still;
  Series wandering;
  std::mt19937 random(1);
  std::int64_t value = 3'985;
  for (int count = 0; count < 1'800; ++count) {
    still.append(398);
    wandering.append(value += static_cast<std::int64_t>(random() % 61) - 30);
  }
  EXPECT_LT(still.finish().size(), 8U);
  EXPECT_LE(wandering.finish().size(), 2U * 1'800U);
}

}  // namespace
}  // namespace gensetd::history
