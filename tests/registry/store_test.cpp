#include "registry/store.hpp"

#include "real_database.hpp"
#include "registry/database.hpp"
#include "registry/edits.hpp"
#include "registry/schema.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

// With real SQLite files and a real PostgreSQL server.
namespace gensetd::registry {
namespace {

const ProfileNames profiles{"hgm9520n", "hgm9560"};
const ProfileNames fields{profile::Catalog::built_in()};

boost::json::object body(const std::string& text) { return boost::json::parse(text).as_object(); }

Timestamp at(int milliseconds) { return Timestamp{std::chrono::milliseconds{milliseconds}}; }

class StoreTest : public testing::TestWithParam<Kind> {
 protected:
  std::string refusal() const {
    try {
      Store::create_or_open(database.address());
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "opened";
  }

  RealDatabase database{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Databases, StoreTest, testing::Values(Kind::sqlite, Kind::postgres),
                         testing::PrintToStringParamName());

const std::string mkz = R"({"name":"MKZ","code":"MKZ","network":"192.168.97.x"})";
const std::string gen1 =
    R"({"site_id":1,"name":"Gen1","device_type":"generator","ip_address":"192.168.97.10","protocol":"tcp","poll_interval":0.5})";

TEST_P(StoreTest, rows_survive_a_restart) {
  Directory before;
  {
    Store store = Store::create_or_open(database.address());
    EXPECT_EQ(std::get<Site>(create_site(store, body(mkz), at(1'000))).id, 1);
    EXPECT_EQ(std::get<Device>(create_device(store, body(gen1), profiles, at(2'000))).id, 1);
    before = store.load();
  }
  EXPECT_EQ(before.devices.at(1).poll_interval, 0.5);
  EXPECT_EQ(before.devices.at(1).retry_delay, std::nullopt);
  EXPECT_EQ(before.devices.at(1).created_at, at(2'000));
  EXPECT_EQ(Store::create_or_open(database.address()).load(), before);
}

TEST_P(StoreTest, display_attributes_survive_a_restart) {
  Directory before;
  {
    Store store = Store::create_or_open(database.address());
    create_site(store, body(mkz), at(0));
    create_device(store, body(gen1), profiles, at(0));
    create_device(store, body(gen1), profiles, at(0));
    const auto device =
        update_device(store, 1, body(R"({"rated_power_kw":320.5,"nominal_voltage":400,"battery_voltage":24,
                           "limits":{"coolant_temp":{"low":70,"high":95.5},"fuel_level":{"low":10}},
                           "inputs":{"2":{"en":"Oil tank empty","ru":"Масляный бак пуст","kind":"status"}}})"),
                      fields, at(1));
    EXPECT_EQ(std::get<Device>(device).limits->at("coolant_temp"), (Band{.low = 70, .high = 95.5}));
    const auto site = update_site(
        store, 1,
        body(
            R"({"topology":{"blocks":[{"mains_device":null,"gensets":[2,1]}]},"alarm_notes":{"site_offline":"Call Anna"}})"),
        at(1));
    EXPECT_EQ(std::get<Site>(site).topology->blocks.at(0).gensets, (std::vector<std::int64_t>{2, 1}));
    before = store.load();
  }
  EXPECT_EQ(before.devices.at(1).rated_power_kw, 320.5);
  EXPECT_EQ(before.devices.at(2).limits, std::nullopt);
  EXPECT_EQ(before.devices.at(1).inputs->at(2).kind, InputKind::status);
  EXPECT_EQ(before.devices.at(2).inputs, std::nullopt);
  EXPECT_EQ(before.sites.at(1).alarm_notes->at("site_offline"), "Call Anna");
  Store store = Store::create_or_open(database.address());
  EXPECT_EQ(store.load(), before);
  update_device(store, 1, body(R"({"limits":null,"rated_power_kw":null})"), fields, at(2));
  EXPECT_EQ(store.load().devices.at(1).limits, std::nullopt);
}

TEST_P(StoreTest, topology_names_devices_of_its_site_and_prevents_their_removal) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(mkz), at(0));
  create_site(store, body(R"({"name":"YKZ","code":"YKZ"})"), at(0));
  create_device(store, body(gen1), profiles, at(0));
  const auto names_device_1 = body(R"({"topology":{"blocks":[{"mains_device":null,"gensets":[1]}]}})");
  EXPECT_EQ(std::get<Refusal>(update_site(store, 2, names_device_1, at(1))).field, "topology");
  EXPECT_TRUE(std::holds_alternative<Site>(update_site(store, 1, names_device_1, at(1))));
  EXPECT_EQ(std::get<Refusal>(remove_device(store, 1)).code, "device_in_topology");
  EXPECT_EQ(std::get<Refusal>(update_device(store, 1, body(R"({"site_id":2})"), profiles, at(2))).code,
            "device_in_topology");
  update_site(store, 1, body(R"({"topology":null})"), at(3));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(remove_device(store, 1)));
}

// A database of the first version of gensetd.
TEST_P(StoreTest, older_tables_are_upgraded_and_keep_their_rows) {
  const Schema& schema = GetParam() == Kind::sqlite ? sqlite_schema() : postgres_schema();
  for (const std::string& statement : schema.steps.at(0)) database.run_sql(statement);
  database.run_sql("INSERT INTO schema_version (version, applied_at) VALUES (1, '2026-01-01T00:00:00.000Z')");
  database.run_sql(
      "INSERT INTO sites (name, code, network, description, is_active, created_at, updated_at) VALUES "
      "('MKZ', 'MKZ', '', '', '1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')");
  Store store = Store::create_or_open(database.address());
  const Directory directory = store.load();
  EXPECT_EQ(directory.sites.at(1).code, "MKZ");
  EXPECT_EQ(directory.sites.at(1).topology, std::nullopt);
}

// A database of the last version without rules for all columns.
TEST_P(StoreTest, rows_out_of_range_survive_the_step_that_adds_the_rules) {
  const Schema& schema = GetParam() == Kind::sqlite ? sqlite_schema() : postgres_schema();
  for (const int step : {0, 1, 2, 3}) {
    for (const std::string& statement : schema.steps.at(static_cast<std::size_t>(step)))
      database.run_sql(statement);
  }
  database.run_sql("INSERT INTO schema_version (version, applied_at) VALUES (4, '2026-01-01T00:00:00.000Z')");
  const std::string times = "'2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'";
  database.run_sql(
      "INSERT INTO sites (name, code, network, description, is_active, created_at, updated_at) VALUES "
      "('MKZ', 'MKZ', '', '" +
      std::string(3'000, 'x') + "', '1', " + times + ")");
  for (const char* seconds : {"0.5", "NULL", "0.1"}) {
    database.run_sql(
        "INSERT INTO devices (site_id, name, device_type, profile, ip_address, port, protocol, slave_id, "
        "is_active, poll_interval, description, created_at, updated_at) VALUES (1, 'G', 'generator', '', "
        "'10.0.0.1', 502, 'tcp', 1, '1', " +
        std::string{seconds} + ", '', " + times + ")");
  }
  database.run_sql("UPDATE devices SET description = '" + std::string(3'000, 'x') + "' WHERE id = 1");
  if (GetParam() == Kind::sqlite) {
    database.run_sql(
        "UPDATE devices SET poll_interval = 0, modbus_timeout = 'soon', limits = '[' WHERE id = 2");
  }
  database.run_sql("DELETE FROM devices WHERE id = 3");
  Store store = Store::create_or_open(database.address());
  EXPECT_EQ(store.sites(), 1);
  EXPECT_EQ(store.devices_of(1), 2);
  EXPECT_EQ(query_number(store.session(), "SELECT length(description) FROM devices WHERE id = 1"), 3'000);
  EXPECT_EQ(query_number(store.session(), "SELECT COUNT(*) FROM devices WHERE connect_delay = 0"), 2);
  EXPECT_EQ(std::get<Device>(create_device(store, body(gen1), profiles, at(0))).id,
            4);  // 3 is not reused
  EXPECT_THROW(database.run_sql("UPDATE devices SET poll_interval = 0 WHERE id = 4"), std::exception);
  EXPECT_EQ(std::get<Refusal>(remove_site(store, 1)).code, "site_has_devices");
  EXPECT_THROW(store.session() << "DELETE FROM sites", std::exception);  // the reference still exists
}

TEST_P(StoreTest, database_refuses_values_out_of_range) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(mkz), at(0));
  create_device(store, body(gen1), profiles, at(0));
  const std::string long_text = "'" + std::string(2'001, 'x') + "'";
  for (const std::string& change : {std::string{"id = 0"},
                                    std::string{"id = -1"},
                                    std::string{"name = ''"},
                                    "name = " + long_text,
                                    "profile = " + long_text,
                                    std::string{"profile = ''"},
                                    "ip_address = " + long_text,
                                    std::string{"ip_address = ''"},
                                    std::string{"port = 0"},
                                    std::string{"port = 65536"},
                                    std::string{"protocol = 'rtu'"},
                                    std::string{"device_type = ''"},
                                    std::string{"slave_id = 256"},
                                    std::string{"slave_id = 248, protocol = 'rtu_over_tcp'"},
                                    std::string{"poll_interval = 0"},
                                    std::string{"poll_interval = 0.00001"},
                                    std::string{"poll_interval = 1e300"},
                                    std::string{"modbus_timeout = 0"},
                                    std::string{"modbus_timeout = 61"},
                                    std::string{"retry_delay = -1"},
                                    std::string{"retry_delay = 3601"},
                                    std::string{"offline_after = 0"},
                                    std::string{"offline_after = 1001"},
                                    std::string{"connect_delay = -0.1"},
                                    std::string{"connect_delay = 10.1"},
                                    std::string{"connect_delay = NULL"},
                                    "description = " + long_text,
                                    std::string{"rated_power_kw = 0"},
                                    std::string{"nominal_voltage = 0"},
                                    std::string{"battery_voltage = 0"},
                                    std::string{"limits = '['"},
                                    std::string{"inputs = '{'"},
                                    std::string{"created_at = ''"},
                                    std::string{"updated_at = 'today'"},
                                    std::string{"site_id = NULL"}})
    EXPECT_THROW(database.run_sql("UPDATE devices SET " + change), std::exception) << change;
  for (const std::string& change :
       {std::string{"id = 0"}, std::string{"name = ''"}, std::string{"code = ''"}, "network = " + long_text,
        "description = " + long_text, std::string{"topology = '{'"}, std::string{"alarm_notes = 'x'"},
        std::string{"created_at = ''"}})
    EXPECT_THROW(database.run_sql("UPDATE sites SET " + change), std::exception) << change;
  database.run_sql(
      "UPDATE devices SET poll_interval = 86400, retry_delay = 0.05, connect_delay = 10, slave_id = 0");
}

TEST_P(StoreTest, blocks_of_event_ids_never_overlap) {
  Store one = Store::create_or_open(database.address());
  Store other = Store::create_or_open(database.address());
  std::set<std::int64_t> firsts;
  for (int block = 0; block < 20; ++block) {
    for (Store* store : {&one, &other}) firsts.insert(store->take_event_ids());
  }
  ASSERT_EQ(firsts.size(), 40U);
  EXPECT_GT(*firsts.begin(), 0);
  std::int64_t free_from = 0;
  for (const std::int64_t first : firsts) {
    EXPECT_GE(first, free_from);
    free_from = first + event_id_block;
  }
}

TEST_P(StoreTest, event_ids_are_above_those_of_the_journal) {
  Store store = Store::create_or_open(database.address());
  const auto insert = [&](const std::string& id) {
    database.run_sql(
        "INSERT INTO events (id, site_code, kind, code, args, state, onset, onset_at_latest, "
        "acknowledged_by) VALUES (" +
        id + ", '', 'gateway', 'gateway_started', '{}', 'closed', '2026-01-01T00:00:00.000Z', 0, '')");
  };
  insert("4200000000000001");  // from an earlier gensetd: microseconds of a clock that was far ahead
  const std::int64_t first = store.take_event_ids();
  EXPECT_GT(first, 4'200'000'000'000'001);
  EXPECT_LT(first, 4'200'000'000'003'000);
  insert("9007199254740991");  // not from a block
  EXPECT_LT(store.take_event_ids(), 4'200'000'000'005'000);
}

TEST_P(StoreTest, duplicate_code_is_a_conflict_and_nothing_is_stored) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(mkz), at(0));
  const auto again = create_site(store, body(mkz), at(1));
  EXPECT_EQ(std::get<Refusal>(again).kind, Refusal::Kind::conflict);
  EXPECT_EQ(std::get<Refusal>(again).field, "code");
  EXPECT_EQ(store.load().sites.size(), 1U);
}

TEST_P(StoreTest, device_needs_a_site_that_exists) {
  Store store = Store::create_or_open(database.address());
  const auto made = create_device(store, body(gen1), profiles, at(0));
  EXPECT_EQ(std::get<Refusal>(made).field, "site_id");
  EXPECT_TRUE(store.load().devices.empty());
}

TEST_P(StoreTest, site_with_devices_is_not_removed) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(mkz), at(0));
  create_device(store, body(gen1), profiles, at(0));
  EXPECT_EQ(std::get<Refusal>(remove_site(store, 1)).code, "site_has_devices");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(remove_device(store, 1)));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(remove_site(store, 1)));
  EXPECT_EQ(std::get<Refusal>(remove_site(store, 1)).kind, Refusal::Kind::not_found);
  EXPECT_EQ(store.load(), Directory{});
}

TEST_P(StoreTest, id_of_a_deleted_device_is_never_reused) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(mkz), at(0));
  create_device(store, body(gen1), profiles, at(0));
  remove_device(store, 1);
  EXPECT_EQ(std::get<Device>(create_device(store, body(gen1), profiles, at(0))).id, 2);
}

TEST_P(StoreTest, edit_sets_updated_at_only_when_something_changes_and_never_back) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(mkz), at(5'000));
  EXPECT_EQ(std::get<Site>(update_site(store, 1, body("{}"), at(6'000))).updated_at, at(5'000));
  EXPECT_EQ(std::get<Site>(update_site(store, 1, body(R"({"name":"B"})"), at(7'000))).updated_at, at(7'000));
  EXPECT_EQ(std::get<Site>(update_site(store, 1, body(R"({"name":"C"})"), at(3'000))).updated_at, at(7'000));
  EXPECT_EQ(store.load().sites.at(1).name, "C");
  EXPECT_EQ(store.load().sites.at(1).created_at, at(5'000));
}

TEST_P(StoreTest, refused_edit_leaves_the_row_as_it_was) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(mkz), at(0));
  create_device(store, body(gen1), profiles, at(0));
  const Directory before = store.load();
  const auto edited = update_device(store, 1, body(R"({"name":"X","port":0})"), profiles, at(9));
  EXPECT_EQ(std::get<Refusal>(edited).field, "port");
  EXPECT_EQ(store.load(), before);
}

TEST_P(StoreTest, change_that_is_refused_or_fails_stores_nothing) {
  Store store = Store::create_or_open(database.address());
  const Site site{.name = "MKZ", .code = "MKZ"};
  store.change([&] {
    store.insert(site);
    return false;
  });
  EXPECT_THROW(store.change([&]() -> bool {
    store.insert(site);
    throw std::runtime_error("half way");
  }),
               std::runtime_error);
  EXPECT_EQ(store.load(), Directory{});
}

TEST_P(StoreTest, text_that_looks_like_sql_is_text) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(R"({"name":"'); DROP TABLE sites; --","code":"x' OR '1'='1"})"), at(0));
  EXPECT_EQ(store.load().sites.at(1).name, "'); DROP TABLE sites; --");
}

TEST_P(StoreTest, only_changes_by_other_connections_are_foreign) {
  Store store = Store::create_or_open(database.address());
  const auto before = store.foreign_changes();
  create_site(store, body(mkz), at(0));
  EXPECT_EQ(store.foreign_changes(), before);
  database.run_sql("UPDATE sites SET name = 'other'");
  EXPECT_NE(store.foreign_changes(), before);
}

TEST_P(StoreTest, numbers_texts_and_times_are_kept_exactly) {
  Store store = Store::create_or_open(database.address());
  Site site{.name = "Дизель \"№1\" 発電機 \\ '%_$1:name", .code = "ДГУ", .description = "line\n\ttab"};
  site.created_at = at(1);
  site.updated_at = Timestamp{std::chrono::milliseconds{4'102'444'799'999}};  // 2099-12-31T23:59:59.999Z
  Device device{.site_id = 1, .name = "G", .profile = "hgm9520n", .ip_address = "::1", .is_active = false};
  store.change([&] {
    store.insert(site);
    for (const double seconds : {0.1, 1.0 / 3.0, 86'400.0, 1'234.5678901234567}) {
      device.poll_interval = seconds;
      store.insert(device);
    }
    return true;
  });
  const Directory kept = store.load();
  site.id = 1;
  EXPECT_EQ(kept.sites.at(1), site);
  EXPECT_EQ(kept.devices.at(1).poll_interval, 0.1);
  EXPECT_EQ(kept.devices.at(2).poll_interval, 1.0 / 3.0);
  EXPECT_EQ(kept.devices.at(4).poll_interval, 1'234.5678901234567);
  EXPECT_FALSE(kept.devices.at(1).is_active);
}

TEST_P(StoreTest, violation_of_a_database_rule_is_reported_and_the_store_remains_usable) {
  Store store = Store::create_or_open(database.address());
  create_site(store, body(mkz), at(0));
  const auto rule_broken_by = [&](const auto& row) {
    try {
      store.change([&] {
        store.insert(row);
        return true;
      });
    } catch (const Violation& violation) {
      EXPECT_EQ(std::string{violation.what()}.find('\n'), std::string::npos);
      return static_cast<int>(violation.rule);
    }
    return -1;
  };
  EXPECT_EQ(rule_broken_by(Site{.name = "again", .code = "MKZ"}),
            static_cast<int>(Violation::Rule::duplicate));
  const Device device{.site_id = 7, .name = "G", .profile = "hgm9520n", .ip_address = "h"};
  EXPECT_EQ(rule_broken_by(device), static_cast<int>(Violation::Rule::reference));
  Device portless = device;
  portless.site_id = 1;
  portless.port = 0;
  EXPECT_EQ(rule_broken_by(portless), static_cast<int>(Violation::Rule::other));
  EXPECT_EQ(store.load().sites.size(), 1U);
  EXPECT_TRUE(store.load().devices.empty());
}

TEST_P(StoreTest, rule_that_an_administrator_added_is_a_conflict) {
  Store store = Store::create_or_open(database.address());
  database.run_sql("CREATE UNIQUE INDEX one_name ON sites (name)");
  create_site(store, body(mkz), at(0));
  const auto made = create_site(store, body(R"({"name":"MKZ","code":"other"})"), at(1));
  EXPECT_EQ(std::get<Refusal>(made).kind, Refusal::Kind::conflict);
  EXPECT_EQ(std::get<Refusal>(made).code, "conflict");
}

TEST_P(StoreTest, chosen_id_is_kept_and_never_reused) {
  Store store = Store::create_or_open(database.address());
  store.change([&] {
    store.insert_with_id(Site{.id = 40, .name = "s", .code = "s"});
    return true;
  });
  EXPECT_EQ(store.load().sites.count(40), 1U);
  remove_site(store, 40);
  EXPECT_EQ(std::get<Site>(create_site(store, body(mkz), at(0))).id, 41);
}

TEST_P(StoreTest, newer_schema_is_refused) {
  {
    Store store = Store::create_or_open(database.address());
  }
  database.run_sql("INSERT INTO schema_version (version, applied_at) VALUES (99, 'x')");
  database.run_sql("DROP INDEX devices_site_id");  // an upgrade would fail then
  EXPECT_NE(refusal().find("newer gensetd"), std::string::npos) << refusal();
}

TEST_P(StoreTest, database_of_another_program_is_refused) {
  database.run_sql("CREATE TABLE invoices (id INTEGER)");
  EXPECT_NE(refusal().find("another program"), std::string::npos) << refusal();
  database.run_sql("CREATE TABLE sites (id INTEGER)");  // fails if gensetd created the table
}

}  // namespace
}  // namespace gensetd::registry
