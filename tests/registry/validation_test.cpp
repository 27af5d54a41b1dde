#include "registry/validation.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace gensetd::registry {
namespace {

using Kind = Refusal::Kind;

const ProfileNames profiles{"hgm9520n", "hgm9560"};

boost::json::object body(const std::string& text) { return boost::json::parse(text).as_object(); }

TEST(NewSite, of_the_specification_is_accepted) {
  const auto made = new_site(body(R"({"name":"MKZ","code":"MKZ","network":"192.168.97.x"})"));
  ASSERT_TRUE(std::holds_alternative<Site>(made));
  EXPECT_EQ(std::get<Site>(made).code, "MKZ");
  EXPECT_EQ(std::get<Site>(made).network, "192.168.97.x");
  EXPECT_TRUE(std::get<Site>(made).is_active);
}

TEST(NewDevice, of_the_specification_is_accepted_with_its_defaults) {
  const auto made = new_device(
      body(
          R"({"site_id":1,"name":"Gen1","device_type":"generator","ip_address":"192.168.97.10","protocol":"tcp"})"),
      profiles);
  ASSERT_TRUE(std::holds_alternative<Device>(made));
  const auto& device = std::get<Device>(made);
  EXPECT_EQ(device.profile, "hgm9520n");
  EXPECT_EQ(device.port, 502);
  EXPECT_EQ(device.slave_id, 1);
  EXPECT_TRUE(device.is_active);
  EXPECT_FALSE(device.poll_interval || device.modbus_timeout || device.retry_delay || device.offline_after);
}

TEST(NewDevice, ats_defaults_to_the_switchboard_behind_a_converter) {
  const auto made = new_device(
      body(R"({"site_id":1,"name":"S","device_type":"ats","ip_address":"converter.local"})"), profiles);
  ASSERT_TRUE(std::holds_alternative<Device>(made));
  EXPECT_EQ(std::get<Device>(made).profile, "hgm9560");
  EXPECT_EQ(std::get<Device>(made).protocol, modbus::Protocol::rtu_over_tcp);
}

struct Row {
  const char* name;
  const char* change;  // members that replace those of a valid device
  const char* field;   // the refused field; empty when the body is accepted
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class DeviceBody : public testing::TestWithParam<Row> {};

TEST_P(DeviceBody, is_accepted_or_refused_naming_the_field) {
  boost::json::object given =
      body(R"({"site_id":1,"name":"G","device_type":"generator","ip_address":"10.0.0.1"})");
  for (const auto& member : body(GetParam().change)) given[member.key()] = member.value();
  const auto made = new_device(given, profiles);
  const auto* refusal = std::get_if<Refusal>(&made);
  EXPECT_EQ(refusal == nullptr ? "" : refusal->field, GetParam().field)
      << (refusal == nullptr ? "taken" : refusal->message);
  if (refusal != nullptr) {
    EXPECT_EQ(refusal->kind, Kind::invalid);
    EXPECT_FALSE(refusal->message.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, DeviceBody,
    testing::Values(
        Row{"as_it_is", "{}", ""}, Row{"unknown_field", R"({"adress":"x"})", "adress"},
        Row{"id_given", R"({"id":3})", "id"}, Row{"time_given", R"({"created_at":"x"})", "created_at"},
        Row{"name_empty", R"({"name":""})", "name"}, Row{"name_number", R"({"name":5})", "name"},
        Row{"name_null", R"({"name":null})", "name"},
        Row{"name_with_line_break", R"({"name":"a\nb"})", "name"},
        Row{"site_zero", R"({"site_id":0})", "site_id"}, Row{"site_text", R"({"site_id":"1"})", "site_id"},
        Row{"site_fraction", R"({"site_id":1.5})", "site_id"},
        Row{"site_true", R"({"site_id":true})", "site_id"},
        Row{"type_unknown", R"({"device_type":"engine"})", "device_type"},
        Row{"profile_unknown", R"({"profile":"hgm1"})", "profile"},
        Row{"profile_other", R"({"profile":"hgm9560"})", ""},
        Row{"address_v6", R"({"ip_address":"fe80::1"})", ""},
        Row{"address_name", R"({"ip_address":"gen-1.plant.example"})", ""},
        Row{"address_bad_v4", R"({"ip_address":"192.168.97.256"})", "ip_address"},
        Row{"address_short_v4", R"({"ip_address":"192.168.97"})", "ip_address"},
        Row{"address_with_port", R"({"ip_address":"10.0.0.1:502"})", "ip_address"},
        Row{"address_url", R"({"ip_address":"http://10.0.0.1"})", "ip_address"},
        Row{"address_space", R"({"ip_address":"10.0.0.1 "})", "ip_address"},
        Row{"address_empty", R"({"ip_address":""})", "ip_address"}, Row{"port_low", R"({"port":0})", "port"},
        Row{"port_lowest", R"({"port":1})", ""}, Row{"port_highest", R"({"port":65535})", ""},
        Row{"port_high", R"({"port":65536})", "port"}, Row{"port_negative", R"({"port":-1})", "port"},
        Row{"port_huge", R"({"port":18446744073709551615})", "port"},
        Row{"protocol_unknown", R"({"protocol":"rtu"})", "protocol"},
        Row{"tcp_unit_0", R"({"slave_id":0})", ""}, Row{"tcp_unit_255", R"({"slave_id":255})", ""},
        Row{"tcp_unit_256", R"({"slave_id":256})", "slave_id"},
        Row{"rtu_unit_0", R"({"protocol":"rtu_over_tcp","slave_id":0})", "slave_id"},
        Row{"rtu_unit_1", R"({"protocol":"rtu_over_tcp","slave_id":1})", ""},
        Row{"rtu_unit_247", R"({"protocol":"rtu_over_tcp","slave_id":247})", ""},
        Row{"rtu_unit_248", R"({"protocol":"rtu_over_tcp","slave_id":248})", "slave_id"},
        Row{"active_number", R"({"is_active":1})", "is_active"},
        Row{"interval_null", R"({"poll_interval":null})", ""},
        Row{"interval_least", R"({"poll_interval":0.1})", ""},
        Row{"interval_low", R"({"poll_interval":0.09})", "poll_interval"},
        Row{"interval_high", R"({"poll_interval":86401})", "poll_interval"},
        Row{"interval_text", R"({"poll_interval":"2"})", "poll_interval"},
        Row{"timeout_low", R"({"modbus_timeout":0})", "modbus_timeout"},
        Row{"timeout_high", R"({"modbus_timeout":60.5})", "modbus_timeout"},
        Row{"retry_low", R"({"retry_delay":0.01})", "retry_delay"},
        Row{"connect_delay_none", R"({"connect_delay":0})", ""},
        Row{"connect_delay_most", R"({"connect_delay":10})", ""},
        Row{"connect_delay_high", R"({"connect_delay":10.1})", "connect_delay"},
        Row{"connect_delay_negative", R"({"connect_delay":-1})", "connect_delay"},
        Row{"connect_delay_null", R"({"connect_delay":null})", "connect_delay"},
        Row{"offline_zero", R"({"offline_after":0})", "offline_after"},
        Row{"offline_fraction", R"({"offline_after":1.5})", "offline_after"},
        Row{"offline_most", R"({"offline_after":1000})", ""}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(NewDevice, names_the_field_that_is_missing) {
  const auto made = new_device(body(R"({"site_id":1,"name":"G","device_type":"ats"})"), profiles);
  ASSERT_TRUE(std::holds_alternative<Refusal>(made));
  EXPECT_EQ(std::get<Refusal>(made).field, "ip_address");
  EXPECT_EQ(std::get<Refusal>(made).code, "missing_field");
}

TEST(EditedDevice, changes_only_the_given_fields) {
  Device current;
  current.id = 4;
  current.site_id = 1;
  current.name = "G";
  current.profile = "hgm9520n";
  current.ip_address = "10.0.0.1";
  current.poll_interval = 5;
  Device wanted = current;
  wanted.ip_address = "10.0.0.2";
  EXPECT_EQ(std::get<Device>(edited_device(current, body(R"({"ip_address":"10.0.0.2"})"), profiles)), wanted);
  EXPECT_EQ(std::get<Device>(edited_device(current, {}, profiles)), current);
}

TEST(EditedDevice, protocol_alone_is_checked_against_the_current_unit_id) {
  Device current;
  current.id = 4;
  current.profile = "hgm9520n";
  current.slave_id = 250;
  const auto edited = edited_device(current, body(R"({"protocol":"rtu_over_tcp"})"), profiles);
  ASSERT_TRUE(std::holds_alternative<Refusal>(edited));
  EXPECT_EQ(std::get<Refusal>(edited).field, "slave_id");
}

TEST(Validation, display_attributes_are_checked_like_the_others) {
  const ProfileNames fields{profile::Catalog::built_in()};
  const auto field_refused = [&](const std::string& attribute) -> std::string {
    const auto made =
        new_device(body(R"({"site_id":1,"name":"G","device_type":"generator","ip_address":"10.0.0.1",)" +
                        attribute + "}"),
                   fields);
    const auto* refusal = std::get_if<Refusal>(&made);
    return refusal == nullptr ? "" : refusal->field;
  };
  for (const char* good : {R"("limits":null)", R"("limits":{})", R"("limits":{"fuel_level":{"low":10}})",
                           R"("rated_power_kw":0.5)", R"("limits":{"coolant_temp":{"low":-5,"high":95.5}})",
                           R"("battery_voltage":null)"})
    EXPECT_EQ(field_refused(good), "") << good;
  for (const char* bad :
       {R"("limits":[])", R"("limits":{"fuel_level":{}})", R"("limits":{"fuel_level":{"low":2,"high":1}})",
        R"("limits":{"fuel_level":{"low":"1"}})", R"("limits":{"fuel_level":{"lo":1}})",
        R"("limits":{"no_such_field":{"low":1}})", R"("limits":{"fuel_level":{"low":1e300}})"})
    EXPECT_EQ(field_refused(bad), "limits") << bad;
  EXPECT_EQ(field_refused(R"("rated_power_kw":0)"), "rated_power_kw");
  EXPECT_EQ(field_refused(R"("nominal_voltage":"400")"), "nominal_voltage");
  EXPECT_EQ(field_refused(R"("battery_voltage":1e9)"), "battery_voltage");
}

TEST(Validation, topology_must_have_its_exact_form) {
  const auto refused = [](const std::string& topology) {
    const auto made = new_site(body(R"({"name":"S","code":"S","topology":)" + topology + "}"));
    return std::holds_alternative<Refusal>(made);
  };
  EXPECT_FALSE(refused("null"));
  EXPECT_FALSE(refused(R"({"blocks":[{"mains_device":3,"gensets":[1,2]},{"gensets":[]}]})"));
  for (const char* bad :
       {"[]", "{}", R"({"blocks":[]})", R"({"blocks":[{}]})", R"({"blocks":[{"gensets":[0]}]})",
        R"({"blocks":[{"gensets":["1"]}]})", R"({"blocks":[{"gensets":[1,1]}]})",
        R"({"blocks":[{"mains_device":1,"gensets":[1]}]})", R"({"blocks":[{"gensets":[1]}],"x":1})",
        R"({"blocks":[{"gensets":[1],"bus":2}]})"})
    EXPECT_TRUE(refused(bad)) << bad;
}

TEST(Validation, attributes_are_printed_as_they_are_read) {
  const std::string topology =
      R"({"blocks":[{"mains_device":3,"gensets":[1,2]},{"mains_device":null,"gensets":[]}]})";
  std::string allowed;
  EXPECT_EQ(print_topology(*parse_topology(boost::json::parse(topology), allowed)), topology);
  const std::string bands = R"({"coolant_temp":{"low":-5,"high":95.5},"fuel_level":{"high":0.1}})";
  EXPECT_EQ(print_bands(*parse_bands(boost::json::parse(bands), allowed)), bands);
}

}  // namespace
}  // namespace gensetd::registry
