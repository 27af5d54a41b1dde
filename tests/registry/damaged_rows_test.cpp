#include "real_database.hpp"
#include "registry/edits.hpp"
#include "registry/store.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

// Rows with invalid values, set with SQL. With real SQLite files and a real PostgreSQL server.
namespace gensetd::registry {
namespace {

const ProfileNames profiles{"hgm9520n", "hgm9560"};

boost::json::object body(const std::string& text) { return boost::json::parse(text).as_object(); }

Timestamp at(int milliseconds) { return Timestamp{std::chrono::milliseconds{milliseconds}}; }

class DamagedRows : public testing::TestWithParam<Kind> {
 protected:
  DamagedRows() {
    create_site(store, body(R"({"name":"MKZ","code":"MKZ"})"), at(0));
    create_site(store, body(R"({"name":"YKZ","code":"YKZ"})"), at(0));
    for (int device = 0; device < 3; ++device) {
      create_device(store,
                    body(R"({"site_id":1,"name":"Gen","device_type":"generator","ip_address":"10.0.0.1"})"),
                    profiles, at(0));
    }
    sound = store.load();
    database.lift_rules();
  }

  // A value of any type of the database.
  std::string hostile_value(std::mt19937& random) const {
    static const std::vector<std::string> any = {
        "0",          "-1",      "1.5", "1e300", "-1e300", "99999999999", "9223372036854775807",
        "2147483648", "0.00001", "255", "256",   "65536"};
    static const std::vector<std::string> texts = {
        "''", "'x'", "'['", "'{\"a\":1}'", "'nan'", "'0x10'", "'2026-99-99T99:99:99.999Z'"};
    static const std::vector<std::string> sqlite_only = {
        "x'ff00'",          "CAST(x'ff41' AS TEXT)", "9e999",   "-9e999",
        "zeroblob(100000)", "hex(zeroblob(50000))",  "char(0)", "'a' || char(0) || 'b'"};
    static const std::vector<std::string> postgres_only = {"'NaN'", "'Infinity'", "'-Infinity'", "NULL",
                                                           "repeat('x', 100000)"};
    const auto& own = GetParam() == Kind::sqlite ? sqlite_only : postgres_only;
    const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
    switch (random() % 3) {
      case 0:
        return pick(any);
      case 1:
        return pick(texts);
      default:
        return pick(own);
    }
  }

  RealDatabase database{GetParam()};
  Store store = Store::create_or_open(database.address());
  Directory sound;
};

INSTANTIATE_TEST_SUITE_P(Databases, DamagedRows, testing::Values(Kind::sqlite, Kind::postgres),
                         testing::PrintToStringParamName());

TEST_P(DamagedRows, damaged_device_has_a_reason_not_to_be_polled_and_others_are_unchanged) {
  database.run_sql("UPDATE devices SET poll_interval = 0 WHERE id = 2");
  Directory directory = store.load();
  EXPECT_EQ(reason_not_to_poll(directory, directory.devices.at(2)),
            "its row in the database is damaged: poll_interval is 0; poll_interval must be a number of "
            "seconds from 0.1 to "
            "86400, or null");
  for (const std::int64_t other : {1, 3}) {
    EXPECT_EQ(directory.devices.at(other), sound.devices.at(other));
    EXPECT_EQ(reason_not_to_poll(directory, directory.devices.at(other)), "");
  }
  database.run_sql("UPDATE devices SET poll_interval = NULL WHERE id = 2");
  EXPECT_EQ(store.load(), sound);
}

TEST_P(DamagedRows, devices_of_a_damaged_site_are_not_polled) {
  database.run_sql("UPDATE sites SET code = '' WHERE id = 1");
  const Directory directory = store.load();
  EXPECT_EQ(directory.sites.at(2), sound.sites.at(2));
  EXPECT_EQ(reason_not_to_poll(directory, directory.devices.at(1)).substr(0, 52),
            "the row of its site in the database is damaged: code");
}

TEST_P(DamagedRows, unreadable_attribute_is_damage) {
  database.run_sql(R"(UPDATE sites SET topology = '{"blocks":7}' WHERE id = 1)");
  database.run_sql(R"(UPDATE devices SET limits = '[1]' WHERE id = 1)");
  const Directory directory = store.load();
  EXPECT_EQ(directory.sites.at(1).damage.at(0).column, "topology");
  EXPECT_EQ(directory.devices.at(1).damage.at(0).column, "limits");
  EXPECT_EQ(directory.devices.at(1).limits, std::nullopt);
  database.run_sql(R"(UPDATE sites SET topology = NULL, alarm_notes = '{"site_offline":7}' WHERE id = 1)");
  database.run_sql(R"(UPDATE devices SET limits = NULL, inputs = '{"0":{}}' WHERE id = 1)");
  const Directory other = store.load();
  EXPECT_EQ(other.sites.at(1).damage.at(0).column, "alarm_notes");
  EXPECT_EQ(other.devices.at(1).damage.at(0).column, "inputs");
  EXPECT_EQ(other.devices.at(1).inputs, std::nullopt);
}

TEST_P(DamagedRows, row_with_an_invalid_id_is_ignored) {
  database.run_sql("UPDATE devices SET id = -3 WHERE id = 3");
  const Directory directory = store.load();
  EXPECT_EQ(directory.devices.size(), 2U);
  EXPECT_EQ(directory.unusable, std::vector<std::string>{"device -3"});
}

TEST_P(DamagedRows, edit_must_set_each_damaged_column) {
  database.run_sql("UPDATE devices SET poll_interval = 0, port = 0, created_at = '' WHERE id = 2");
  const auto refused = update_device(store, 2, body(R"({"port":503})"), profiles, at(5));
  EXPECT_EQ(std::get<Refusal>(refused).field, "poll_interval");
  EXPECT_EQ(std::get<Refusal>(refused).code, "damaged_row");
  EXPECT_EQ(
      std::get<Refusal>(update_device(store, 2, body(R"({"port":0,"poll_interval":1})"), profiles, at(5)))
          .field,
      "port");
  EXPECT_FALSE(store.load().devices.at(2).damage.empty());
  const auto edited = update_device(store, 2, body(R"({"port":503,"poll_interval":null})"), profiles, at(5));
  ASSERT_TRUE(std::holds_alternative<Device>(edited)) << std::get<Refusal>(edited).message;
  const Device now = store.load().devices.at(2);
  EXPECT_EQ(now, std::get<Device>(edited));
  EXPECT_TRUE(now.damage.empty());
  EXPECT_EQ(now.port, 503);
  EXPECT_EQ(now.created_at, at(5));
}

TEST_P(DamagedRows, damaged_device_can_be_removed) {
  database.run_sql("UPDATE devices SET port = 0, slave_id = 999 WHERE id = 2");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(remove_device(store, 2)));
  EXPECT_FALSE(store.load().devices.contains(2));
}

// The columns of PostgreSQL are changed to accept any value, which an administrator can do.
TEST_P(DamagedRows, no_value_of_any_column_stops_the_load_or_changes_another_row) {
  static const std::vector<std::string> device_names = {
      "site_id",       "name",          "device_type", "profile",        "ip_address",      "port",
      "protocol",      "slave_id",      "is_active",   "poll_interval",  "modbus_timeout",  "retry_delay",
      "offline_after", "connect_delay", "description", "rated_power_kw", "nominal_voltage", "battery_voltage",
      "limits",        "inputs",        "created_at",  "updated_at"};
  static const std::vector<std::string> site_names = {"name",     "network",     "description", "is_active",
                                                      "topology", "alarm_notes", "created_at",  "updated_at"};
  if (GetParam() == Kind::postgres) {
    database.run_sql("ALTER TABLE devices DROP CONSTRAINT devices_site_id_fkey");
    for (const std::string& column : device_names) {
      database.run_sql("ALTER TABLE devices ALTER COLUMN " + column + " DROP DEFAULT, ALTER COLUMN " +
                       column + " DROP NOT NULL, ALTER COLUMN " + column + " TYPE text");
    }
    for (const std::string& column : site_names) {
      database.run_sql("ALTER TABLE sites ALTER COLUMN " + column + " DROP DEFAULT, ALTER COLUMN " + column +
                       " DROP NOT NULL, ALTER COLUMN " + column + " TYPE text");
    }
  }
  std::mt19937 random{2026};
  int damaged = 0;
  for (int round = 0; round < 300; ++round) {
    const bool is_device = random() % 4 != 0;
    const auto& names = is_device ? device_names : site_names;
    const std::string column = names[random() % names.size()];
    const std::string change = column + " = " + hostile_value(random);
    try {
      database.run_sql(is_device ? "UPDATE devices SET " + change + " WHERE id = 2"
                                 : "UPDATE sites SET " + change + " WHERE id = 2");
    } catch (const std::exception&) {
      continue;  // columns of SQLite that cannot be NULL, and numbers that cannot be NaN
    }
    Directory directory;
    ASSERT_NO_THROW(directory = store.load()) << change;
    EXPECT_EQ(directory.devices.at(1), sound.devices.at(1)) << change;
    EXPECT_EQ(directory.devices.at(3), sound.devices.at(3)) << change;
    EXPECT_EQ(directory.sites.at(1), sound.sites.at(1)) << change;
    const Device& device = directory.devices.at(2);
    damaged += device.damage.empty() ? 0 : 1;
    EXPECT_TRUE(!device.poll_interval || (*device.poll_interval >= 0.1 && *device.poll_interval <= 86'400))
        << change;
    EXPECT_GE(device.port, 1) << change;
    EXPECT_NO_THROW(store.device(2)) << change;
    EXPECT_NO_THROW(store.site(2)) << change;
  }
  EXPECT_GT(damaged, 100);
}

}  // namespace
}  // namespace gensetd::registry
