#include "redis/url.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace gensetd::redis {
namespace {

struct Good {
  const char* text;
  RedisAddress is;
  const char* endpoint;
};

TEST(Url, contains_host_port_login_and_database) {
  const Good table[] = {
      {"redis://localhost", {"localhost", 6379, "", "", 0}, "localhost:6379"},
      {"redis://localhost/", {"localhost", 6379, "", "", 0}, "localhost:6379"},
      {"redis://10.0.0.5:6380/3", {"10.0.0.5", 6380, "", "", 3}, "10.0.0.5:6380"},
      {"redis://localhost:/0", {"localhost", 6379, "", "", 0}, "localhost:6379"},
      {"redis://:secret@h", {"h", 6379, "", "secret", 0}, "h:6379"},
      {"redis://anna:secret@h:1/15", {"h", 1, "anna", "secret", 15}, "h:1"},
      {"redis://anna:p%40ss%2F%23%3Aword@h", {"h", 6379, "anna", "p@ss/#:word", 0}, "h:6379"},
      {"redis://[::1]:6380/2", {"::1", 6380, "", "", 2}, "[::1]:6380"},
      {"redis://h:65535", {"h", 65535, "", "", 0}, "h:65535"},
  };
  for (const Good& row : table) {
    SCOPED_TRACE(row.text);
    const RedisAddress address = parse_url(row.text);
    EXPECT_EQ(address.host, row.is.host);
    EXPECT_EQ(address.port, row.is.port);
    EXPECT_EQ(address.user, row.is.user);
    EXPECT_EQ(address.password, row.is.password);
    EXPECT_EQ(address.database, row.is.database);
    EXPECT_EQ(print_endpoint(address), row.endpoint);
  }
}

TEST(Url, invalid_url_is_refused_in_one_line_without_the_password) {
  const char* const table[] = {
      "",
      "localhost:6379",
      "redis:",
      "redis:///1",
      "redis://:s3cret@",
      "http://:s3cret@h",
      "rediss://:s3cret@h",
      "unix://:s3cret@h",
      "redis://:s3cret@h:0",
      "redis://:s3cret@h:65536",
      "redis://:s3cret@h:12ab",
      "redis://:s3cret@10.0.0.1x5",
      "redis://:s3cret@[::1]16/5",
      "redis://:s3cret@h/x",
      "redis://:s3cret@h/1x",
      "redis://:s3cret@h/-1",
      "redis://:s3cret@h/1/2",
      "redis://:s3cret@h/99999999999",
      "redis://:s3cret@h?db=1",
      "redis://:s3cret@h/0#s3cret",
      "redis://:s3cret with space@h",
      "redis://:s3cret%zz@h",
      "redis://:s3cret#1@h",
      "redis://:s3cret@a%0Ab",
      "redis://s3cret@h",
  };
  for (const char* text : table) {
    SCOPED_TRACE(text);
    try {
      parse_url(text);
      ADD_FAILURE() << "was accepted";
    } catch (const std::runtime_error& refused) {
      const std::string line = refused.what();
      EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
      EXPECT_NE(line.find("redis://[user:password@]host[:port][/db]"), std::string::npos) << line;
    }
  }
}

}  // namespace
}  // namespace gensetd::redis
