#include "server/query_parameters.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::server {
namespace {

std::string refusal(std::string_view query) {
  try {
    id_parameter(parse_query(query, {"device_id", "site_id"}), "device_id");
  } catch (const BadQuery& bad) {
    return bad.field + ": " + bad.what();
  }
  return "accepted";
}

TEST(QueryParameters, ids_are_positive_decimals) {
  EXPECT_EQ(parse_id("1"), 1);
  EXPECT_EQ(parse_id("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", "0", "01", "+1", "-1", "1.0", "1 ", " 1", "0x1", "9223372036854775808", "1a"})
    EXPECT_FALSE(parse_id(bad)) << bad;
}

TEST(QueryParameters, known_parameters_are_accepted) {
  EXPECT_EQ(id_parameter(parse_query("device_id=1", {"device_id", "site_id"}), "device_id"), 1);
  const auto both = parse_query("site_id=12&device_id=%31", {"device_id", "site_id"});
  EXPECT_EQ(id_parameter(both, "device_id"), 1);
  EXPECT_EQ(id_parameter(both, "site_id"), 12);
  EXPECT_FALSE(id_parameter(parse_query("", {"device_id"}), "device_id"));
}

TEST(QueryParameters, bytes_after_the_query_are_not_read) {
  const std::string line = "device_id=1&site_id=2 HTTP/1.1";
  for (const std::size_t length : {line.find('&'), line.find(' ')}) {
    const auto parameters = parse_query({line.data(), length}, {"device_id", "site_id"});
    EXPECT_EQ(id_parameter(parameters, "device_id"), 1);
    EXPECT_EQ(id_parameter(parameters, "site_id").value_or(2), 2);
  }
}

TEST(QueryParameters, error_names_the_parameter) {
  EXPECT_EQ(refusal("device_id=x"), "device_id: device_id must be a positive whole number");
  EXPECT_EQ(refusal("device_id"), "device_id: device_id must be a positive whole number");
  EXPECT_EQ(refusal("device_id=1&device_id=2"), "device_id: device_id is given more than once");
  EXPECT_EQ(refusal("deviceid=1"), "deviceid: unknown query parameter; allowed: device_id, site_id");
  EXPECT_EQ(refusal("device_id=%zz").substr(0, 2), ": ");
  EXPECT_NE(refusal("device_id=1&"), "accepted");
}

}  // namespace
}  // namespace gensetd::server
