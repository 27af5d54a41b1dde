#include "server/request_target.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::server {
namespace {

// "path|query|host", or the code of the refusal.
std::string read(TargetLine line) {
  const auto read = read_target(line);
  if (const auto* target = std::get_if<RequestTarget>(&read)) {
    return std::string{target->path} + "|" + std::string{target->query} + "|" + std::string{target->host};
  }
  const HttpResponse& refusal = std::get<HttpResponse>(read);
  EXPECT_EQ(refusal.status, 400U);
  return refusal.body.find("bad_host") != std::string::npos ? "bad_host" : "bad_target";
}

std::string of_target(std::string_view target) { return read({.target = target, .host = "localhost:8010"}); }

TEST(RequestTarget, origin_form_keeps_the_host_header) {
  EXPECT_EQ(of_target("/"), "/||localhost:8010");
  EXPECT_EQ(of_target("/api/sites?x=1?2"), "/api/sites|x=1?2|localhost:8010");
  EXPECT_EQ(of_target("//evil.example/"), "//evil.example/||localhost:8010");
}

TEST(RequestTarget, absolute_form_replaces_the_host_header) {
  EXPECT_EQ(of_target("http://evil.example/api/sites?x=1"), "/api/sites|x=1|evil.example");
  EXPECT_EQ(of_target("HTTPS://[::1]:8010/"), "/||[::1]:8010");
  EXPECT_EQ(of_target("http://evil.example"), "/||evil.example");
  EXPECT_EQ(of_target("http://evil.example?x=http://localhost/"), "/|x=http://localhost/|evil.example");
}

TEST(RequestTarget, other_forms_and_bad_authorities_are_refused) {
  for (const char* target :
       {"api/sites", "*", "localhost:8010", "ftp://localhost/", "http:/localhost/", "http://",
        "http:///api/sites", "http://user@localhost/", "http://localhost:80:80/", "http://localhost:x/",
        "http://[::1/", "http://[]/", "http://[::1]x/", "http://localhost:123456/", "?x=1"})
    EXPECT_EQ(of_target(target), "bad_target") << target;
}

TEST(RequestTarget, options_may_target_the_whole_server) {
  EXPECT_EQ(read({.target = "*", .is_options = true, .host = "a"}), "*||a");
  EXPECT_EQ(read({.target = "http://b", .is_options = true, .host = "a"}), "*||b");
  EXPECT_EQ(read({.target = "http://b/", .is_options = true, .host = "a"}), "/||b");
}

TEST(RequestTarget, http_1_1_has_one_valid_host_header_and_http_1_0_at_most_one) {
  EXPECT_EQ(read({.target = "/", .host_count = 0}), "bad_host");
  EXPECT_EQ(read({.target = "/", .is_http_1_1 = false, .host_count = 0}), "/||");
  EXPECT_EQ(read({.target = "/"}), "/||");  // empty, as for a client without an authority
  for (const bool is_http_1_1 : {true, false})
    EXPECT_EQ(read({.target = "/", .is_http_1_1 = is_http_1_1, .host = "a", .host_count = 2}), "bad_host");
  for (const char* host : {"a b", "a/b", "a:b", "http://a", "a,b", "user@a", ":80", "[::1"}) {
    const bool is_valid = std::string_view{host} == "a,b";  // a comma may be in a registered name
    EXPECT_EQ(read({.target = "/", .host = host}) == "bad_host", !is_valid) << host;
  }
  EXPECT_EQ(read({.target = "http://a/", .host = "a b"}), "bad_host");
}

}  // namespace
}  // namespace gensetd::server
