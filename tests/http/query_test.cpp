#include "http/query.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace gensetd::http {
namespace {

using Ids = std::set<std::int64_t>;

std::string refusal(std::string_view query) {
  try {
    id_parameter(parse_query(query, {"device_id", "site_id"}), "device_id");
  } catch (const BadQuery& bad) {
    return bad.field + ": " + bad.what();
  }
  return "accepted";
}

TEST(Query, ids_are_positive_decimals) {
  EXPECT_EQ(parse_id("1"), 1);
  EXPECT_EQ(parse_id("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", "0", "01", "+1", "-1", "1.0", "1 ", " 1", "0x1", "9223372036854775808", "1a"})
    EXPECT_FALSE(parse_id(bad)) << bad;
}

TEST(Query, known_parameters_are_taken) {
  EXPECT_EQ(id_parameter(parse_query("device_id=1", {"device_id", "site_id"}), "device_id"), 1);
  const auto both = parse_query("site_id=12&device_id=%31", {"device_id", "site_id"});
  EXPECT_EQ(id_parameter(both, "device_id"), 1);
  EXPECT_EQ(id_parameter(both, "site_id"), 12);
  EXPECT_FALSE(id_parameter(parse_query("", {"device_id"}), "device_id"));
}

TEST(Query, what_stands_behind_the_query_is_not_part_of_it) {
  const std::string line = "device_id=1&site_id=2 HTTP/1.1";
  for (const std::size_t length : {line.find('&'), line.find(' ')}) {
    const auto parameters = parse_query({line.data(), length}, {"device_id", "site_id"});
    EXPECT_EQ(id_parameter(parameters, "device_id"), 1);
    EXPECT_EQ(id_parameter(parameters, "site_id").value_or(2), 2);
  }
}

TEST(Query, mistakes_name_the_parameter) {
  EXPECT_EQ(refusal("device_id=x"), "device_id: device_id must be a positive whole number");
  EXPECT_EQ(refusal("device_id"), "device_id: device_id must be a positive whole number");
  EXPECT_EQ(refusal("device_id=1&device_id=2"), "device_id: device_id is given more than once");
  EXPECT_EQ(refusal("deviceid=1"), "deviceid: unknown query parameter; known are: device_id, site_id");
  EXPECT_EQ(refusal("device_id=%zz").substr(0, 2), ": ");
  EXPECT_NE(refusal("device_id=1&"), "accepted");
}

TEST(Query, device_lists_are_taken_whole_or_refused) {
  EXPECT_FALSE(upgrade_wish("").devices);
  EXPECT_EQ(upgrade_wish("devices=3").devices, (Ids{3}));
  EXPECT_EQ(upgrade_wish("devices=3,1,2,3").devices, (Ids{1, 2, 3}));
  EXPECT_EQ(upgrade_wish("devices=1%2C2").devices, (Ids{1, 2}));
  for (const char* bad : {"devices=", "devices", "devices=1,", "devices=,1", "devices=1,,2", "devices=a",
                          "devices=-1", "devices=0", "devices=1 ,2", "device=1", "devices=1&devices=2"})
    EXPECT_THROW(upgrade_wish(bad), BadQuery) << bad;
}

TEST(Query, protocol_is_the_specifications_unless_2_is_asked_for) {
  EXPECT_FALSE(upgrade_wish("").is_dashboard);
  EXPECT_FALSE(upgrade_wish("proto=1").is_dashboard);
  EXPECT_TRUE(upgrade_wish("devices=1&proto=2").is_dashboard);
  for (const char* bad : {"proto=", "proto=3", "proto=02", "proto=2&proto=2"})
    EXPECT_THROW(upgrade_wish(bad), BadQuery) << bad;
}

TEST(Query, device_list_is_bounded) {
  std::string list = "devices=1";
  for (std::size_t id = 2; id <= devices_in_list_max; ++id) list += "," + std::to_string(id);
  EXPECT_EQ(upgrade_wish(list).devices->size(), devices_in_list_max);
  EXPECT_THROW(upgrade_wish(list + ",999999"), BadQuery);
}

}  // namespace
}  // namespace gensetd::http
