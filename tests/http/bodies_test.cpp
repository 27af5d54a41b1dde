#include "http/json_bodies.hpp"
#include "http/prometheus.hpp"
#include "http/whole.hpp"
#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace gensetd::http {
namespace {

TEST(Bodies, device_is_shown_whole_and_in_plain_decimals) {
  const registry::Device device{.id = 1,
                                .site_id = 2,
                                .name = "Ген \"1\"",
                                .profile = "hgm9520n",
                                .ip_address = "10.0.0.1",
                                .poll_interval = 0.25,
                                .offline_after = 3,
                                .rated_power_kw = 320.5,
                                .battery_voltage = 24,
                                .limits = registry::Bands{{"fuel_level", {.low = 10}}}};
  EXPECT_EQ(
      to_json(device),
      R"({"id":1,"site_id":2,"name":"Ген \"1\"","device_type":"generator","profile":"hgm9520n",)"
      R"("ip_address":"10.0.0.1","port":502,"protocol":"tcp","slave_id":1,"is_active":true,"poll_interval":0.25,)"
      R"("modbus_timeout":null,"retry_delay":null,"offline_after":3,"connect_delay":0,"description":"",)"
      R"("rated_power_kw":320.5,"nominal_voltage":null,"battery_voltage":24,"limits":{"fuel_level":{"low":10}},)"
      R"("created_at":"1970-01-01T00:00:00.000Z","updated_at":"1970-01-01T00:00:00.000Z"})");
}

TEST(Bodies, error_names_its_field_or_null) {
  EXPECT_EQ(error_answer(422, "invalid_value", "no \"x\"", "port").body,
            R"({"error":{"code":"invalid_value","message":"no \"x\"","field":"port"}})");
  EXPECT_EQ(error_answer(404, "not_found", "x").body,
            R"({"error":{"code":"not_found","message":"x","field":null}})");
}

unsigned refused_with(std::string_view body, std::string_view type = "application/json") {
  const auto parsed = parse_body({.body = body, .content_type = type});
  const auto* answer = std::get_if<Answer>(&parsed);
  return answer == nullptr ? 0 : answer->status;
}

TEST(Bodies, only_json_objects_are_taken) {
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

TEST(Bodies, prometheus_has_values_of_online_devices_only_and_leaves_out_what_is_missing) {
  const auto profile = profile::Catalog::built_in().find("hgm9520n");
  reading::Facts facts{.identity = {.device_id = 7, .site_code = "M\"K\\Z", .device_type = "generator"},
                       .profile = profile,
                       .online = true,
                       .last_seen = reading::Timestamp{std::chrono::milliseconds{1'500}},
                       .values = std::vector<profile::Value>(profile->fields.size())};
  for (std::size_t index = 0; index < profile->fields.size(); ++index) {
    if (profile->fields[index].name == "gen_uab") facts.values[index] = 3985;
    if (profile->fields[index].name == "mode_auto") facts.values[index] = 1;
  }
  reading::Facts offline = facts;
  offline.identity.device_id = 8;
  offline.online = false;
  MetricFamilies families;
  add_reading(*reading::make_reading(facts), families);
  add_reading(*reading::make_reading(offline), families);
  const std::string text = whole(families.finish());
  const std::string who = R"({device_id="7",site="M\"K\\Z",device_type="generator"})";
  EXPECT_NE(text.find("gensetd_reading_gen_uab_volts" + who + " 398.5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("gensetd_reading_mode_auto" + who + " 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("gensetd_device_last_seen_timestamp_seconds" + who + " 1.5\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("coolant_temp"), std::string::npos);
  EXPECT_NE(text.find(R"(gensetd_device_online{device_id="8",)"), std::string::npos);
  EXPECT_EQ(text.find(R"(gensetd_reading_gen_uab_volts{device_id="8")"), std::string::npos);
}

// Every field that the built-in maps have, over raw values: the base unit's figure is the exact one.
TEST(Prometheus, every_unit_of_the_maps_has_a_base_unit) {
  const std::map<std::string, std::pair<std::string, double>> expected{
      {"V", {"_volts", 1}},        {"A", {"_amperes", 1}},
      {"kW", {"_watts", 1e3}},     {"kvar", {"_vars", 1e3}},
      {"kWh", {"_joules", 3.6e6}}, {"kvarh", {"_var_seconds", 3.6e6}},
      {"Hz", {"_hertz", 1}},       {"°", {"_degrees", 1}},
      {"°C", {"_celsius", 1}},     {"kPa", {"_pascals", 1e3}},
      {"%", {"_ratio", 0.01}},     {"L/h", {"_liters_per_hour", 1}},
      {"h", {"_seconds", 3600}},   {"rpm", {"_revolutions_per_minute", 1}},
      {"min", {"_seconds", 60}},   {"", {"", 1}}};
  const profile::Catalog catalog = profile::Catalog::built_in();
  for (const auto& [name, profile] : catalog.all()) {
    for (const profile::Field& field : profile->fields) {
      const auto place = expected.find(field.unit);
      ASSERT_NE(place, expected.end()) << field.name << " in " << field.unit;
      EXPECT_EQ(reading_metric_name(field), "gensetd_reading_" + field.name + place->second.first);
      for (const std::int64_t raw : {-32'768, -1, 0, 1, 3'985, 31'999, 65'535}) {
        const double exact = static_cast<double>(raw) * place->second.second / std::pow(10.0, field.decimals);
        EXPECT_NEAR(reading_metric_value(field, raw), exact, std::abs(exact) * 1e-15) << field.name;
      }
    }
  }
}

}  // namespace
}  // namespace gensetd::http
