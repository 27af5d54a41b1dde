#include "reading/reading.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace gensetd::reading {
namespace {

constexpr std::string_view good =
    R"({"device_id": 9, "site_code": "YKZ", "timestamp": "2026-02-17T14:30:00.123Z", "online": true})";

TEST(ForeignReading, is_taken_as_the_bytes_that_came) {
  std::string why;
  const ReadingPtr made = parse_foreign(good, why);
  ASSERT_TRUE(made) << why;
  EXPECT_EQ(made->device_id, 9);
  EXPECT_EQ(made->site_code, "YKZ");
  EXPECT_EQ(made->timestamp, *parse_timestamp("2026-02-17T14:30:00.123Z"));
  EXPECT_EQ(made->json, good);
  EXPECT_FALSE(made->facts);
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
  EXPECT_FALSE(parse_foreign(GetParam().json, why));
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
