#include "server/request_fields.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gensetd::server {
namespace {

namespace http = boost::beast::http;

BeastRequest message(http::verb method, unsigned version = 11) {
  return BeastRequest{method, "/api/sites?x=1", version};
}

TEST(RequestFields, head_is_served_as_get_and_unknown_methods_as_other) {
  const std::vector<std::pair<http::verb, Method>> rows = {
      {http::verb::get, Method::get},        {http::verb::head, Method::get},
      {http::verb::post, Method::post},      {http::verb::patch, Method::patch},
      {http::verb::delete_, Method::remove}, {http::verb::options, Method::options},
      {http::verb::put, Method::put},        {http::verb::connect, Method::other}};
  for (const auto& [verb, method] : rows)
    EXPECT_EQ(request_of(message(verb), {.path = "/", .query = {}, .host = {}}, "a").method, method)
        << http::to_string(verb);
}

TEST(RequestFields, header_fields_are_copied_to_their_places) {
  BeastRequest received = message(http::verb::post);
  received.set(http::field::authorization, "Bearer x");
  received.set(http::field::origin, "https://a");
  received.set(http::field::host, "ignored");
  received.set(http::field::content_type, "application/json");
  received.set(http::field::accept_encoding, "gzip");
  received.set(http::field::if_none_match, "\"1\"");
  received.set(http::field::accept, "text/csv");
  received.set(http::field::sec_websocket_protocol, "gensetd");
  received.set(http::field::access_control_request_method, "PATCH");
  received.body() = "{}";
  const HttpRequest request =
      request_of(received, {.path = "/p", .query = "q=1", .host = "h:1"}, "10.0.0.5:1");
  EXPECT_EQ(request.path, "/p");
  EXPECT_EQ(request.query, "q=1");
  EXPECT_EQ(request.host, "h:1") << "the authority of the target, not the header";
  EXPECT_EQ(request.body, "{}");
  EXPECT_EQ(request.authorization, "Bearer x");
  EXPECT_EQ(request.origin, "https://a");
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(request.accept_encoding, "gzip");
  EXPECT_EQ(request.if_none_match, "\"1\"");
  EXPECT_EQ(request.accept, "text/csv");
  EXPECT_EQ(request.subprotocols, "gensetd");
  EXPECT_EQ(request.preflight_method, "PATCH");
  EXPECT_EQ(request.from, "10.0.0.5:1");
}

TEST(RequestFields, target_line_and_handshake_count_repeated_fields) {
  BeastRequest received = message(http::verb::options, 10);
  received.insert(http::field::host, "a");
  received.insert(http::field::host, "b");
  received.insert(http::field::sec_websocket_key, "k");
  received.insert(http::field::sec_websocket_key, "l");
  received.set(http::field::sec_websocket_version, "13");
  const TargetLine line = target_line_of(received);
  EXPECT_EQ(line.target, "/api/sites?x=1");
  EXPECT_TRUE(line.is_options);
  EXPECT_FALSE(line.is_http_1_1);
  EXPECT_EQ(line.host, "a");
  EXPECT_EQ(line.host_count, 2U);
  const Handshake handshake = handshake_of(received, {.path = "/", .query = {}, .host = "h"});
  EXPECT_EQ(handshake.host, "h");
  EXPECT_EQ(handshake.version, "13");
  EXPECT_EQ(handshake.key, "k");
  EXPECT_EQ(handshake.key_count, 2U);
}

TEST(RequestFields, framing_is_unambiguous_with_one_length_or_chunks_in_http_1_1) {
  const auto with = [](http::field name, std::string_view value, unsigned version = 11) {
    BeastRequest received = message(http::verb::post, version);
    received.insert(name, boost::beast::string_view(value.data(), value.size()));
    return has_unambiguous_framing(received);
  };
  EXPECT_TRUE(has_unambiguous_framing(message(http::verb::get)));
  EXPECT_TRUE(with(http::field::content_length, "12"));
  EXPECT_FALSE(with(http::field::content_length, "12, 12"));
  EXPECT_FALSE(with(http::field::content_length, "+12"));
  EXPECT_TRUE(with(http::field::transfer_encoding, "Chunked"));
  EXPECT_FALSE(with(http::field::transfer_encoding, "chunked", 10));
  EXPECT_FALSE(with(http::field::transfer_encoding, "gzip, chunked"));
  BeastRequest twice = message(http::verb::post);
  twice.insert(http::field::transfer_encoding, "chunked");
  twice.insert(http::field::transfer_encoding, "chunked");
  EXPECT_FALSE(has_unambiguous_framing(twice));
}

}  // namespace
}  // namespace gensetd::server
