#include "reading/reading.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::reading {
namespace {

constexpr std::string_view good =
    R"({"device_id": 9, "site_code": "YKZ", "timestamp": "2026-02-17T14:30:00.123Z", "online": true})";

TEST(ForeignReading, keeps_the_received_bytes) {
  std::string why;
  const SteadyTime arrived{std::chrono::seconds{7}};
  const ReadingPtr made = parse_foreign(good, arrived, why);
  ASSERT_TRUE(made) << why;
  EXPECT_EQ(made->device_id, 9);
  EXPECT_EQ(made->site_code, "YKZ");
  EXPECT_EQ(made->timestamp, *parse_timestamp("2026-02-17T14:30:00.123Z"));
  EXPECT_EQ(made->json, good);
  EXPECT_EQ(made->at, arrived);
  EXPECT_EQ(made->seq, 0U);
  EXPECT_TRUE(made->epoch.empty());
  EXPECT_FALSE(made->content);
}

ReadingPtr with_number(const std::string& seq, const std::string& epoch) {
  std::string why;
  std::string json{good};
  json.insert(json.size() - 1, ",\"seq\":" + seq + ",\"epoch\":" + epoch);
  return parse_foreign(json, {}, why);
}

TEST(ForeignReading, has_the_seq_and_epoch_of_its_publisher) {
  const ReadingPtr made = with_number("41", R"("ab")");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->seq, 41U);
  EXPECT_EQ(made->epoch, "ab");
}

TEST(ForeignReading, with_invalid_seq_or_epoch_has_none) {
  const std::string long_epoch = '"' + std::string(foreign_epoch_max + 1, 'e') + '"';
  for (const auto& [seq, epoch] : std::vector<std::pair<std::string, std::string>>{{"0", R"("ab")"},
                                                                                   {"-1", R"("ab")"},
                                                                                   {"1.5", R"("ab")"},
                                                                                   {"1e30", R"("ab")"},
                                                                                   {R"("1")", R"("ab")"},
                                                                                   {"null", "null"},
                                                                                   {"1", "7"},
                                                                                   {"1", R"("")"},
                                                                                   {"1", long_epoch}}) {
    const ReadingPtr made = with_number(seq, epoch);
    ASSERT_TRUE(made) << seq;
    EXPECT_EQ(made->seq, 0U) << seq;
    EXPECT_TRUE(made->epoch.empty()) << epoch;
  }
}

struct Bad {
  const char* name;
  std::string json;
  const char* why;
};

void PrintTo(const Bad& row, std::ostream* out) { *out << row.name; }

class ForeignReadingRefused : public testing::TestWithParam<Bad> {};

TEST_P(ForeignReadingRefused, with_the_reason) {
  std::string why;
  EXPECT_FALSE(parse_foreign(GetParam().json, {}, why));
  EXPECT_NE(why.find(GetParam().why), std::string::npos) << why;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ForeignReadingRefused,
    testing::Values(
        Bad{"empty", "", "not JSON"}, Bad{"text", "hello", "not JSON"},
        Bad{"cut", std::string(good.substr(0, good.size() - 1)), "not JSON"},
        Bad{"followed", std::string(good) + "x", "not JSON"}, Bad{"array", "[1]", "not a JSON object"},
        Bad{"not_utf8", "{\"device_id\":1,\"site_code\":\"\xFF\",\"timestamp\":\"2026-02-17T14:30:00.123Z\"}",
            "not JSON"},
        Bad{"no_id", R"({"site_code":"A","timestamp":"2026-02-17T14:30:00.123Z"})", "device_id"},
        Bad{"text_id", R"({"device_id":"1","site_code":"A","timestamp":"2026-02-17T14:30:00.123Z"})",
            "device_id"},
        Bad{"fraction_id", R"({"device_id":1.5,"site_code":"A","timestamp":"2026-02-17T14:30:00.123Z"})",
            "device_id"},
        Bad{"zero_id", R"({"device_id":0,"site_code":"A","timestamp":"2026-02-17T14:30:00.123Z"})",
            "device_id"},
        Bad{"no_site", R"({"device_id":1,"timestamp":"2026-02-17T14:30:00.123Z"})", "site_code"},
        Bad{"no_time", R"({"device_id":1,"site_code":"A"})", "timestamp"},
        Bad{"other_time", R"({"device_id":1,"site_code":"A","timestamp":"2026-02-17T14:30:00Z"})",
            "timestamp"},
        Bad{"deep", std::string(100, '['), "not JSON"},
        Bad{"long", std::string(foreign_json_max + 1, ' '), "longer than 65536 bytes"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace gensetd::reading
