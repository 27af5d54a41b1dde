#include "api/json_bodies.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::api {
namespace {

TEST(JsonBodies, device_is_printed_completely_with_plain_decimals) {
  const registry::Device device{.id = 1,
                                .site_id = 2,
                                .name = "Ген \"1\"",
                                .profile = "hgm9520n",
                                .ip_address = "10.0.0.1",
                                .poll_interval = 0.25,
                                .offline_after = 3,
                                .rated_power_kw = 320.5,
                                .battery_voltage = 24,
                                .limits = registry::Bands{{"fuel_level", {.low = 10}}},
                                .inputs = registry::Inputs{{2, {.label = {.en = "Oil", .ru = "Масло"}}}}};
  EXPECT_EQ(
      to_json(device),
      R"({"id":1,"site_id":2,"name":"Ген \"1\"","device_type":"generator","profile":"hgm9520n",)"
      R"("ip_address":"10.0.0.1","port":502,"protocol":"tcp","slave_id":1,"is_active":true,"poll_interval":0.25,)"
      R"("modbus_timeout":null,"retry_delay":null,"offline_after":3,"connect_delay":0,"description":"",)"
      R"("rated_power_kw":320.5,"nominal_voltage":null,"battery_voltage":24,"limits":{"fuel_level":{"low":10}},)"
      R"("inputs":{"2":{"en":"Oil","ru":"Масло","kind":"alarm"}},)"
      R"("created_at":"1970-01-01T00:00:00.000Z","updated_at":"1970-01-01T00:00:00.000Z"})");
}

unsigned refused_with(std::string_view body, std::string_view type = "application/json") {
  const auto parsed = parse_body({.body = body, .content_type = type});
  const auto* response = std::get_if<server::HttpResponse>(&parsed);
  return response == nullptr ? 0 : response->status;
}

TEST(JsonBodies, only_json_objects_are_accepted) {
  EXPECT_EQ(refused_with("{}"), 0U);
  EXPECT_EQ(refused_with("{}", "Application/JSON ; charset=utf-8"), 0U);
  for (const char* bad :
       {"", "{", "{}{}", "[]", "1", "null", "{\"a\":1,}", "{'a':1}", "\xff", "{\"a\":\"\xff\"}", "{} x"})
    EXPECT_EQ(refused_with(bad), 400U) << bad;
  for (const char* type : {"", "text/plain", "application/jsonx", "application/x-www-form-urlencoded"})
    EXPECT_EQ(refused_with("{}", type), 415U) << type;
  EXPECT_EQ(refused_with(std::string(1'000, '[')), 400U);
  EXPECT_EQ(refused_with("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"), 400U);
}

}  // namespace
}  // namespace gensetd::api
