#include "bad_line.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

// bench/bad_line prints these figures, and those of each fault alone.
namespace gensetd::simulation {
namespace {

class BadLineTest : public testing::Test {
 protected:
  BadLineTest() { spdlog::set_level(spdlog::level::off); }
  ~BadLineTest() override { spdlog::set_level(spdlog::level::info); }
};

BadLineOptions line_with(const simulator::LineFaults& faults) {
  BadLineOptions options{.faults = faults, .length = std::chrono::minutes{20}, .has_alarms = true};
  return options;
}

TEST_F(BadLineTest, every_reading_of_a_clean_line_is_online_and_right) {
  const BadLineMetrics metrics = run_bad_line(line_with({}));
  EXPECT_GT(metrics.online, 500U);
  EXPECT_EQ(metrics.online, metrics.readings);
  EXPECT_EQ(metrics.wrong_values, 0U);
  EXPECT_GT(metrics.alarm_words, metrics.readings);
  EXPECT_EQ(metrics.wrong_words, 0U);
  EXPECT_EQ(metrics.timeouts, 0U);
}

TEST_F(BadLineTest, no_value_of_the_reference_line_is_wrong) {
  const BadLineMetrics metrics = run_bad_line(line_with(reference_faults()));
  EXPECT_GT(metrics.values, 0U);
  EXPECT_EQ(metrics.wrong_values, 0U);
  EXPECT_GT(metrics.alarm_words, metrics.online);
  EXPECT_EQ(metrics.wrong_words, 0U);
  EXPECT_GT(metrics.late_responses, 0U);
  EXPECT_GT(metrics.foreign_frames, 0U);
}

TEST_F(BadLineTest, alarm_words_cost_nothing_without_an_alarm) {
  BadLineOptions options = line_with({});
  options.has_alarms = false;
  const BadLineMetrics metrics = run_bad_line(options);
  EXPECT_EQ(metrics.alarm_words, 0U);
  EXPECT_GT(run_bad_line(line_with({})).requests_per_reading(), metrics.requests_per_reading() + 0.5);
}

TEST_F(BadLineTest, all_time_of_the_line_is_accounted_for) {
  const BadLineMetrics metrics = run_bad_line(line_with(reference_faults()));
  std::chrono::nanoseconds sum{0};
  for (const auto part : metrics.use) sum += part;
  EXPECT_LE(sum, metrics.length);
  EXPECT_GT(sum, metrics.length * 99 / 100);
}

TEST_F(BadLineTest, the_same_seed_gives_the_same_line) {
  BadLineOptions options = line_with(reference_faults());
  options.length = std::chrono::minutes{5};
  const std::uint64_t hash = run_bad_line(options).hash;
  EXPECT_EQ(run_bad_line(options).hash, hash);
  options.seed = 2;
  EXPECT_NE(run_bad_line(options).hash, hash);
}

}  // namespace
}  // namespace gensetd::simulation
