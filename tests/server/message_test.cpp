#include "server/message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace gensetd::server {
namespace {

TEST(Message, error_names_its_field_or_null) {
  EXPECT_EQ(error_response(422, "invalid_value", "no \"x\"", "port").body,
            R"({"error":{"code":"invalid_value","message":"no \"x\"","field":"port"}})");
  EXPECT_EQ(error_response(404, "not_found", "x").body,
            R"({"error":{"code":"not_found","message":"x","field":null}})");
}

TEST(Message, response_in_pieces_begins_with_the_first_piece) {
  HttpResponse all = response_in_pieces([](std::string& out) {
    out = "all";
    return false;
  });
  EXPECT_EQ(all.body, "all");
  EXPECT_EQ(all.rest, nullptr);
  HttpResponse first = response_in_pieces([count = 0](std::string& out) mutable {
    out = std::to_string(++count);
    return count < 2;
  });
  EXPECT_EQ(first.body, "1");
  std::string next;
  EXPECT_FALSE(first.rest(next));
  EXPECT_EQ(next, "2");
}

TEST(Message, retry_after_adds_one_header) {
  const HttpResponse response = retry_after(error_response(503, "busy", "x"), "5");
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0], (std::pair<std::string, std::string>{"Retry-After", "5"}));
  EXPECT_EQ(response.status, 503U);
}

}  // namespace
}  // namespace gensetd::server
