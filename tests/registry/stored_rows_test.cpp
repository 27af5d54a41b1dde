#include "registry/stored_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace gensetd::registry {
namespace {

using Kind = StoredValue::Kind;

StoredValue value(const std::string& text) { return {.kind = Kind::value, .text = text}; }

const std::string time = "2026-01-31T12:00:00.000Z";

std::vector<StoredValue> sound_device() {
  const StoredValue null;
  return {value("1"),   value("Gen 1"), value("generator"), value("hgm9520n"), value("10.0.0.1"),
          value("502"), value("tcp"),   value("1"),         value("1"),        value("0.5"),
          null,         null,           value("3"),         value("0"),        value("")};
}

std::vector<StoredValue> device_cells() {
  std::vector<StoredValue> cells = sound_device();
  for (int number = 0; number < 3; ++number) cells.emplace_back();
  cells.push_back(value(R"({"coolant_temp":{"low":70}})"));
  cells.push_back(value(R"({"2":{"en":"Oil tank empty","ru":"Масляный бак пуст"}})"));
  cells.push_back(value(time));
  cells.push_back(value(time));
  return cells;
}

std::vector<StoredValue> site_cells() {
  return {value("MKZ"),
          value("MKZ"),
          value(""),
          value(""),
          value("1"),
          {},
          value(R"({"site_offline":"Call Anna"})"),
          value(time),
          value(time)};
}

std::size_t index_of(std::span<const Column> columns, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(columns, name, &Column::name) - columns.begin());
}

Device device_with(std::string_view column, const StoredValue& cell) {
  std::vector<StoredValue> cells = device_cells();
  cells.at(index_of(device_columns(), column)) = cell;
  return device_from(7, cells);
}

std::string damage_of(std::string_view column, const StoredValue& cell) {
  return print_damage(device_with(column, cell).damage);
}

TEST(StoredRows, valid_row_is_read_completely) {
  const Device device = device_from(7, device_cells());
  EXPECT_EQ(print_damage(device.damage), "");
  EXPECT_EQ(device.id, 7);
  EXPECT_EQ(device.name, "Gen 1");
  EXPECT_EQ(device.poll_interval, 0.5);
  EXPECT_EQ(device.modbus_timeout, std::nullopt);
  EXPECT_EQ(device.offline_after, 3);
  EXPECT_TRUE(device.is_active);
  EXPECT_EQ(device.limits->at("coolant_temp").low, 70);
  EXPECT_EQ(device.inputs->at(2).label.en, "Oil tank empty");
  EXPECT_EQ(reading::print_timestamp(device.updated_at), time);
  const Site site = site_from(1, site_cells());
  EXPECT_EQ(print_damage(site.damage), "");
  EXPECT_EQ(site.code, "MKZ");
  EXPECT_EQ(site.topology, std::nullopt);
  EXPECT_EQ(site.alarm_notes->at("site_offline"), "Call Anna");
}

TEST(StoredRows, each_column_out_of_range_is_damage_of_that_column_alone) {
  const std::string long_text(2'001, 'x');
  const std::vector<std::pair<std::string, std::vector<std::string>>> hostile = {
      {"site_id", {"0", "-1", "1.5", "x", "1e300", "99999999999999999999"}},
      {"name", {"", std::string(201, 'x'), "a\nb", "\xff", std::string{"a\0b", 3}}},
      {"device_type", {"", "engine", "GENERATOR", "\xc3"}},
      {"profile", {"", std::string(201, 'x'), "a\x01", "\xff\xfe"}},
      {"ip_address", {"", "10.1", "010.0.0.1", "a b", "::1::", "\xff"}},
      {"port", {"0", "65536", "-1", "502.5", "99999999999", "nan", "x", "\xff", ""}},
      {"protocol", {"", "rtu", "TCP"}},
      {"slave_id", {"-1", "256", "1.5", "x"}},
      {"is_active", {"2", "-1", "yes", ""}},
      {"poll_interval", {"0", "0.00001", "1e300", "-1", "inf", "-Infinity", "NaN", "nan", "x", ""}},
      {"modbus_timeout", {"0", "61", "nan", "1e-300", "x"}},
      {"retry_delay", {"0", "3601", "Infinity", "x"}},
      {"offline_after", {"0", "1001", "1.5", "-1", "x", "2147483648"}},
      {"connect_delay", {"-0.1", "10.1", "nan", "x"}},
      {"description", {long_text, "\x01", "\xed\xa0\x80"}},
      {"rated_power_kw", {"0", "1e300", "nan"}},
      {"nominal_voltage", {"0", "1e6"}},
      {"battery_voltage", {"0", "x"}},
      {"limits",
       {"", "[", "[1]", "7", "\"x\"", R"({"a":{"low":2,"high":1}})", std::string(10'000, '['), "\xff"}},
      {"inputs", {"", "{", "[1]", "7", R"({"33":{"en":"x","ru":"y"}})", R"({"1":{"en":"x"}})", "\xff"}},
      {"created_at", {"", "yesterday", "2026-13-31T12:00:00.000Z", "\xff"}},
      {"updated_at", {"", "0", "2026-01-31 12:00:00"}}};
  for (const auto& [column, texts] : hostile) {
    for (const std::string& text : texts) {
      const Device device = device_with(column, value(text));
      ASSERT_EQ(device.damage.size(), 1U) << column << " '" << text << "'";
      EXPECT_EQ(device.damage.front().column, column);
      EXPECT_NE(device.damage.front().what.find(column), std::string::npos);
      EXPECT_EQ(device.id, 7);
    }
  }
  EXPECT_EQ(hostile.size(), device_columns().size());
}

TEST(StoredRows, missing_values_and_blobs_and_too_long_texts_are_damage) {
  for (const Column& column : device_columns()) {
    EXPECT_NE(damage_of(column.name, {.kind = Kind::blob}), "") << column.name;
    EXPECT_NE(damage_of(column.name, {.kind = Kind::too_long}), "") << column.name;
  }
  for (const char* column :
       {"site_id", "name", "device_type", "profile", "ip_address", "port", "protocol", "slave_id",
        "is_active", "connect_delay", "description", "created_at", "updated_at"})
    EXPECT_NE(damage_of(column, {}), "") << column;
  for (const char* column : {"poll_interval", "modbus_timeout", "retry_delay", "offline_after",
                             "rated_power_kw", "nominal_voltage", "battery_voltage", "limits", "inputs"})
    EXPECT_EQ(damage_of(column, {}), "") << column;
}

TEST(StoredRows, damage_names_the_value_and_what_is_allowed) {
  EXPECT_EQ(damage_of("poll_interval", value("0")),
            "poll_interval is 0; poll_interval must be a number of seconds from 0.1 to 86400, or null");
  EXPECT_EQ(damage_of("device_type", value("engine")),
            "device_type is 'engine'; device_type must be generator or ats");
  EXPECT_EQ(damage_of("name", {}), "name is NULL; name must be a text of 1 to 200 characters");
  EXPECT_EQ(damage_of("port", value("")), "port is empty; port must be a whole number from 1 to 65535");
  EXPECT_EQ(damage_of("port", value("x y")), "port is 'x y'; port must be a whole number from 1 to 65535");
  EXPECT_EQ(damage_of("name", value("")), "name is empty; name must be a text of 1 to 200 characters");
  EXPECT_EQ(damage_of("name", value("\xff")), "name is not UTF-8");
  EXPECT_EQ(damage_of("description", {.kind = Kind::too_long}), "description is longer than 8000 bytes");
}

TEST(StoredRows, range_of_the_unit_id_depends_on_the_protocol) {
  std::vector<StoredValue> cells = device_cells();
  cells.at(index_of(device_columns(), "protocol")) = value("rtu_over_tcp");
  cells.at(index_of(device_columns(), "slave_id")) = value("248");
  const Device device = device_from(1, cells);
  ASSERT_EQ(device.damage.size(), 1U);
  EXPECT_EQ(device.damage.front().column, "slave_id");
}

TEST(StoredRows, forms_of_hand_edited_rows_are_accepted) {
  EXPECT_EQ(damage_of("name", value(" Gen 1 ")), "");
  EXPECT_EQ(damage_of("is_active", value("t")), "");
  EXPECT_EQ(damage_of("is_active", value("false")), "");
  EXPECT_EQ(damage_of("poll_interval", value("2")), "");
  EXPECT_EQ(damage_of("limits", value(R"({"no_such_field":{"low":1}})")), "");
  EXPECT_EQ(device_with("ip_address", value("PLC1.")).ip_address, "plc1");
}

TEST(StoredRows, site_has_the_same_rules) {
  const std::vector<std::pair<std::string, std::string>> hostile = {{"name", ""},
                                                                    {"code", ""},
                                                                    {"code", std::string(65, 'x')},
                                                                    {"network", std::string(201, 'x')},
                                                                    {"description", "\xff"},
                                                                    {"is_active", "7"},
                                                                    {"topology", R"({"blocks":7})"},
                                                                    {"topology", "{"},
                                                                    {"alarm_notes", "{"},
                                                                    {"alarm_notes", R"({"site_offline":7})"},
                                                                    {"created_at", ""},
                                                                    {"updated_at", "x"}};
  for (const auto& [column, text] : hostile) {
    std::vector<StoredValue> cells = site_cells();
    cells.at(index_of(site_columns(), column)) = value(text);
    const Site site = site_from(3, cells);
    ASSERT_EQ(site.damage.size(), 1U) << column << " '" << text << "'";
    EXPECT_EQ(site.damage.front().column, column);
  }
}

// Another version may have stored it.
TEST(StoredRows, a_note_on_an_event_that_is_not_known_is_no_damage) {
  std::vector<StoredValue> cells = site_cells();
  cells.at(index_of(site_columns(), "alarm_notes")) = value(R"({"x":"y","site_offline":"Call Anna","z":7})");
  const Site site = site_from(3, cells);
  EXPECT_TRUE(site.damage.empty());
  EXPECT_EQ(site.alarm_notes, (AlarmNotes{{"site_offline", "Call Anna"}}));
}

TEST(StoredRows, no_value_makes_reading_a_row_throw) {
  std::mt19937 random{20};
  using namespace std::string_literals;
  const std::string alphabet = "0123456789.-+eExXnaif{}[]\",: \x01\x7f\x80\xc3\xe2\xff\0"s;
  for (int row = 0; row < 20'000; ++row) {
    std::vector<StoredValue> cells = device_cells();
    for (StoredValue& cell : cells) {
      if (random() % 3 != 0) continue;
      cell.kind = static_cast<Kind>(random() % 4);
      cell.text.clear();
      for (auto length = random() % 12; length > 0; --length)
        cell.text += alphabet[random() % alphabet.size()];
    }
    const Device device = device_from(static_cast<std::int64_t>(random()), cells);
    EXPECT_TRUE(!device.poll_interval || (*device.poll_interval >= 0.1 && *device.poll_interval <= 86'400));
    EXPECT_GE(device.port, 1);
    EXPECT_GE(device.offline_after.value_or(1), 1);
    EXPECT_TRUE(device.connect_delay >= 0 && device.connect_delay <= 10);
  }
}

}  // namespace
}  // namespace gensetd::registry
