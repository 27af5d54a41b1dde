#include "reading/reading.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace gensetd::reading {
namespace {

TEST(Timestamp, prints_the_specifications_example) {
  // 1771338600 is `date -u -d '2026-02-17 14:30:00' +%s`.
  EXPECT_EQ(print_timestamp(Timestamp{std::chrono::milliseconds{1'771'338'600'123}}),
            "2026-02-17T14:30:00.123Z");
}

TEST(Timestamp, is_parsed_as_it_was_printed) {
  for (std::int64_t value = 0; value < 4'000'000'000'000; value += 86'399'977) {
    const Timestamp timestamp{std::chrono::milliseconds{value}};
    ASSERT_EQ(parse_timestamp(print_timestamp(timestamp)), timestamp) << value;
  }
}

TEST(Timestamp, any_other_form_is_refused) {
  for (const char* text :
       {"", "2026-02-17T14:30:00Z", "2026-02-17 14:30:00.123Z", "2026-02-17T14:30:00.123",
        "2026-02-17T14:30:00.123+", "2026-02-30T14:30:00.123Z", "2026-13-17T14:30:00.123Z",
        "2026-02-17T24:30:00.123Z", "2026-02-17T14:60:00.123Z", "2026-02-17T14:30:60.123Z",
        "2026-02-17T14:30:0x.123Z", "-026-02-17T14:30:00.123Z", "2026-02-17T14:30:00.123Z "}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

}  // namespace
}  // namespace gensetd::reading
