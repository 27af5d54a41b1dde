#include "api/time_query.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace gensetd::api {
namespace {

std::string parsed(std::string_view text) {
  const auto time = parse_time(text);
  return time ? reading::print_timestamp(*time) : "refused";
}

TEST(TimeQuery, every_form_of_rfc_3339_is_accepted) {
  const std::string half_past_two = "2026-02-17T14:30:00.000Z";
  for (const char* text :
       {"2026-02-17T14:30:00Z", "2026-02-17T14:30:00.000Z", "2026-02-17t14:30:00z", "2026-02-17 14:30:00Z",
        "2026-02-17T14:30:00+00:00", "2026-02-17T14:30:00-00:00", "2026-02-17T17:30:00+03:00",
        "2026-02-17T17:30:00 03:00", "2026-02-17T17:30:00.0 03:00", "2026-02-18T02:15:00+11:45",
        "2026-02-16T20:00:00-18:30", "2026-02-17T14:30:00.0000000000Z"})
    EXPECT_EQ(parsed(text), half_past_two) << text;
}

TEST(TimeQuery, finer_fraction_is_rounded_up_to_a_millisecond) {
  EXPECT_EQ(parsed("2026-02-17T14:30:00.5Z"), "2026-02-17T14:30:00.500Z");
  EXPECT_EQ(parsed("2026-02-17T14:30:00.123456+03:00"), "2026-02-17T11:30:00.124Z");
  EXPECT_EQ(parsed("2026-02-17T14:30:00.123000Z"), "2026-02-17T14:30:00.123Z");
  EXPECT_EQ(parsed("2026-12-31T23:59:59.9991Z"), "2027-01-01T00:00:00.000Z");
}

TEST(TimeQuery, leap_second_is_the_start_of_the_next_day) {
  EXPECT_EQ(parsed("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000Z");
  EXPECT_EQ(parsed("2016-12-31T23:59:60.75Z"), "2017-01-01T00:00:00.000Z");
  EXPECT_EQ(parsed("2017-01-01T02:59:60+03:00"), "2017-01-01T00:00:00.000Z");
  EXPECT_EQ(parsed("2016-12-31T23:59:60+03:00"), "refused");
  EXPECT_EQ(parsed("2016-12-31T14:30:60Z"), "refused");
}

TEST(TimeQuery, any_other_text_is_refused) {
  for (const char* text : {"",
                           "2026-02-17",
                           "2026-02-17T14:30Z",
                           "2026-02-17T14:30:00",
                           "2026-02-17T14:30:00.Z",
                           "2026-02-17T14:30:00,5Z",
                           "2026-02-17T14:30:00+0300",
                           "2026-02-17T14:30:00+03",
                           "2026-02-17T14:30:00+24:00",
                           "2026-02-17T14:30:00+03:60",
                           "2026-02-17T14:30:00 Z",
                           "2026-02-17T14:30:00Z ",
                           "2026-02-30T14:30:00Z",
                           "2026-13-17T14:30:00Z",
                           "2026-02-17T24:00:00Z",
                           "2026-02-17T14:60:00Z",
                           "2026-02-17T14:30:61Z",
                           "+2026-02-17T14:30:00Z",
                           "1771338600",
                           "0000-12-31T00:00:00Z",
                           "0001-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:00-00:01",
                           "2026-02-17T14:30:00\xE2\x88\x92"
                           "03:00"})
    EXPECT_EQ(parsed(text), "refused") << text;
}

TEST(TimeQuery, printed_times_are_parsed) {
  for (std::int64_t value = 0; value < 4'000'000'000'000; value += 86'399'977) {
    const reading::Timestamp time{std::chrono::milliseconds{value}};
    ASSERT_EQ(parse_time(reading::print_timestamp(time)), time) << value;
  }
}

TEST(TimeQuery, unescaped_plus_is_accepted) {
  const auto parameters =
      server::parse_query("from=2026-02-17T17:30:00+03:00&to=2026-02-17T17:30:00%2B02:00", {"from", "to"});
  EXPECT_EQ(reading::print_timestamp(*time_parameter(parameters, "from")), "2026-02-17T14:30:00.000Z");
  EXPECT_EQ(reading::print_timestamp(*time_parameter(parameters, "to")), "2026-02-17T15:30:00.000Z");
}

TEST(TimeQuery, error_names_the_parameter_and_an_example) {
  try {
    time_parameter(server::parse_query("from=yesterday", {"from"}), "from");
    FAIL();
  } catch (const server::BadQuery& bad) {
    EXPECT_EQ(bad.field, "from");
    EXPECT_NE(std::string{bad.what()}.find("2026-02-17T14:30:00Z"), std::string::npos);
  }
}

}  // namespace
}  // namespace gensetd::api
