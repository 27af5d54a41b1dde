#include "text/json_text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace gensetd::text {
namespace {

TEST(JsonText, strings_are_quoted_and_escaped) {
  std::string out = "x";
  append_json_string(out, "a\"b\\\nГен");
  EXPECT_EQ(out, R"(x"a\"b\\\nГен")");
}

TEST(JsonText, fields_are_printed_in_order_by_their_type) {
  EXPECT_EQ(JsonText{}
                .field("text", "x")
                .field("yes", true)
                .field("count", std::int64_t{-3})
                .field("ratio", 0.25)
                .field("whole", 320.0)
                .field("none", std::optional<double>{})
                .json("list", "[1]")
                .finish(),
            R"({"text":"x","yes":true,"count":-3,"ratio":0.25,"whole":320,"none":null,"list":[1]})");
  EXPECT_EQ(JsonText{}.finish(), "{}");
}

}  // namespace
}  // namespace gensetd::text
