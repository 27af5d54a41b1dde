#include "api/reading_metrics.hpp"

#include "profile/catalog.hpp"
#include "text/whole.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace gensetd::api {
namespace {

TEST(ReadingMetrics, only_online_devices_and_present_values_are_added) {
  const auto profile = profile::Catalog::built_in().find("hgm9520n");
  reading::Content content{.identity = {.device_id = 7, .site_code = "M\"K\\Z", .device_type = "generator"},
                           .profile = profile,
                           .online = true,
                           .last_seen = reading::Timestamp{std::chrono::milliseconds{1'500}},
                           .values = std::vector<profile::Value>(profile->fields.size())};
  for (std::size_t index = 0; index < profile->fields.size(); ++index) {
    if (profile->fields[index].name == "gen_uab") content.values[index] = 3985;
    if (profile->fields[index].name == "mode_auto") content.values[index] = 1;
  }
  reading::Content offline = content;
  offline.identity.device_id = 8;
  offline.online = false;
  measure::MetricFamilies families;
  add_reading(*reading::make_reading(content), families);
  add_reading(*reading::make_reading(offline), families);
  const std::string text = text::whole(families.finish());
  const std::string labels = R"({device_id="7",site="M\"K\\Z",device_type="generator"})";
  EXPECT_NE(text.find("gensetd_reading_gen_uab_volts" + labels + " 398.5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("gensetd_reading_mode_auto" + labels + " 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("gensetd_device_last_seen_timestamp_seconds" + labels + " 1.5\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("coolant_temp"), std::string::npos);
  EXPECT_NE(text.find(R"(gensetd_device_online{device_id="8",)"), std::string::npos);
  EXPECT_EQ(text.find(R"(gensetd_reading_gen_uab_volts{device_id="8")"), std::string::npos);
}

// For every field of the built-in profiles: the value in the base unit is exact.
TEST(ReadingMetrics, every_unit_of_the_profiles_has_a_base_unit) {
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
}  // namespace gensetd::api
