#include "server/response_headers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace gensetd::server {
namespace {

namespace http = boost::beast::http;

BeastRequest request(http::verb method = http::verb::get, unsigned version = 11) {
  return BeastRequest{method, "/", version};
}

std::string header(const BeastResponse& message, std::string_view name) {
  const auto value = message[boost::beast::string_view(name.data(), name.size())];
  return {value.data(), value.size()};
}

TEST(ResponseHeaders, every_response_has_the_security_headers) {
  for (const unsigned status : {200U, 204U, 304U, 404U, 500U}) {
    const BeastResponse message = message_of({.status = status}, request(), {});
    EXPECT_EQ(message.result_int(), status);
    EXPECT_EQ(header(message, "Server"), "gensetd");
    EXPECT_EQ(header(message, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header(message, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header(message, "X-Frame-Options"), "DENY");
    EXPECT_EQ(header(message, "Cross-Origin-Opener-Policy"), "same-origin");
    EXPECT_EQ(header(message, "Cross-Origin-Resource-Policy"), "same-origin");
    EXPECT_TRUE(
        header(message, "Content-Security-Policy").starts_with("default-src 'none'; script-src 'self';"));
  }
}

TEST(ResponseHeaders, body_has_its_type_and_length) {
  const BeastResponse message = message_of({.body = "{}"}, request(), {});
  EXPECT_EQ(message.body(), "{}");
  EXPECT_EQ(header(message, "Content-Type"), "application/json");
  EXPECT_EQ(header(message, "Content-Length"), "2");
}

TEST(ResponseHeaders, head_has_the_length_but_no_body) {
  const BeastResponse message = message_of({.body = "{}"}, request(http::verb::head), {});
  EXPECT_EQ(message.body(), "");
  EXPECT_EQ(header(message, "Content-Length"), "2");
}

TEST(ResponseHeaders, status_without_a_body_has_no_type_and_length) {
  for (const unsigned status : {204U, 304U}) {
    const BeastResponse message = message_of({.status = status}, request(), {});
    EXPECT_EQ(header(message, "Content-Type"), "") << status;
    EXPECT_EQ(header(message, "Content-Length"), "") << status;
  }
}

TEST(ResponseHeaders, json_is_never_cached_and_other_content_only_after_validation) {
  EXPECT_EQ(header(message_of({}, request(), {}), "Cache-Control"), "no-store");
  EXPECT_EQ(header(message_of({.content_type = "text/html"}, request(), {}), "Cache-Control"), "no-cache");
  const HttpResponse asset{.content_type = "text/css", .headers = {{"Cache-Control", "public"}}};
  EXPECT_EQ(header(message_of(asset, request(), {}), "Cache-Control"), "public");
}

TEST(ResponseHeaders, every_vary_field_is_kept) {
  const BeastResponse message =
      message_of({.headers = {{"Vary", "Origin"}, {"Vary", "Accept-Encoding"}}}, request(), {});
  EXPECT_EQ(message.count(http::field::vary), 2U);
}

TEST(ResponseHeaders, long_body_is_chunked_in_http_1_1_and_has_no_length) {
  const BeastResponse chunked = message_of({}, request(), {.keep_alive = true, .is_in_pieces = true});
  EXPECT_TRUE(chunked.chunked());
  EXPECT_EQ(header(chunked, "Content-Length"), "");
  const BeastResponse plain =
      message_of({}, request(http::verb::get, 10), {.keep_alive = false, .is_in_pieces = true});
  EXPECT_FALSE(plain.chunked());
  EXPECT_EQ(header(plain, "Content-Length"), "");
  EXPECT_FALSE(plain.keep_alive());
}

TEST(ResponseHeaders, connection_header_follows_keep_alive) {
  EXPECT_TRUE(message_of({}, request(), {.keep_alive = true}).keep_alive());
  EXPECT_EQ(header(message_of({}, request(), {.keep_alive = false}), "Connection"), "close");
}

}  // namespace
}  // namespace gensetd::server
