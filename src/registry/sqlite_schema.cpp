#include "registry/schema.hpp"

#include <fmt/format.h>

#include <string_view>

namespace gensetd::registry {
namespace {

std::string checked_time(std::string_view name) {
  return fmt::format(
      "{0} TEXT NOT NULL CHECK ({0} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:"
      "[0-9][0-9].[0-9][0-9][0-9]Z')",
      name);
}

std::string text(std::string_view name, int length_min, int length_max) {
  return fmt::format("{0} TEXT NOT NULL CHECK (typeof({0}) = 'text' AND length({0}) BETWEEN {1} AND {2})",
                     name, length_min, length_max);
}

std::string whole(std::string_view name, int min, int max) {
  return fmt::format("{0} INTEGER NOT NULL CHECK (typeof({0}) = 'integer' AND {0} BETWEEN {1} AND {2})", name,
                     min, max);
}

// In SQLite, text and blobs are greater than any number, so BETWEEN refuses them.
std::string number_or_null(std::string_view name, std::string_view min, std::string_view max) {
  return fmt::format("{0} DOUBLE PRECISION CHECK ({0} BETWEEN {1} AND {2})", name, min, max);
}

std::string json_or_null(std::string_view name) {
  return fmt::format("{0} TEXT CHECK ({0} IS NULL OR (typeof({0}) = 'text' AND json_valid({0})))", name);
}

// Replaces `table` by one with the definition `columns`. Keeps its rows and the highest id ever assigned.
// SQLite cannot add a rule to a table that exists (sqlite.org/lang_altertable.html, section 7).
Schema::Step rebuilt(std::string_view table, std::string_view columns, std::string_view names) {
  return {
      fmt::format("CREATE TABLE {}_new ({})", table, columns),
      fmt::format("INSERT INTO {0}_new ({1}) SELECT {1} FROM {0}", table, names),
      fmt::format(
          "UPDATE sqlite_sequence SET seq = max(seq, (SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence "
          "WHERE name = '{0}')) WHERE name = '{0}_new'",
          table),
      fmt::format("INSERT INTO sqlite_sequence (name, seq) SELECT '{0}_new', seq FROM sqlite_sequence "
                  "WHERE name = '{0}' AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{0}_new')",
                  table),
      fmt::format("DROP TABLE {}", table),
      fmt::format("ALTER TABLE {0}_new RENAME TO {0}", table),
  };
}

void append(Schema::Step& step, Schema::Step more) {
  for (std::string& statement : more) step.push_back(std::move(statement));
}

// The rules of validation.cpp. Existing rows that break them remain; they are found when they are read.
Schema::Step sqlite_rules() {
  Schema::Step step{
      "PRAGMA ignore_check_constraints = ON",  // for copying rows that break a rule
      // Views and references continue to name the table by its name.
      "PRAGMA legacy_alter_table = ON",
  };
  append(step,
         rebuilt("sites",
                 fmt::format("id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0), {}, {} UNIQUE, {}, {}, "
                             "is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)), {}, {}, {}",
                             text("name", 1, 200), text("code", 1, 64), text("network", 0, 200),
                             text("description", 0, 2'000), json_or_null("topology"),
                             checked_time("created_at"), checked_time("updated_at")),
                 "id, name, code, network, description, is_active, topology, created_at, updated_at"));
  const std::string device_columns = fmt::format(
      "id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0), "
      "site_id BIGINT NOT NULL REFERENCES sites (id) ON DELETE RESTRICT, {}, "
      "device_type TEXT NOT NULL CHECK (device_type IN ('generator', 'ats')), {}, {}, {}, "
      "protocol TEXT NOT NULL CHECK (protocol IN ('tcp', 'rtu_over_tcp')), {}, "
      "is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)), {}, {}, {}, "
      "offline_after INTEGER CHECK (offline_after IS NULL OR (typeof(offline_after) = 'integer' AND "
      "offline_after BETWEEN 1 AND 1000)), "
      "connect_delay DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (connect_delay BETWEEN 0 AND 10), "
      "{}, {}, {}, {}, {}, {}, {}, CHECK (protocol = 'tcp' OR slave_id BETWEEN 1 AND 247)",
      text("name", 1, 200), text("profile", 1, 200), text("ip_address", 1, 253), whole("port", 1, 65'535),
      whole("slave_id", 0, 255), number_or_null("poll_interval", "0.1", "86400"),
      number_or_null("modbus_timeout", "0.05", "60"), number_or_null("retry_delay", "0.05", "3600"),
      text("description", 0, 2'000), number_or_null("rated_power_kw", "0.1", "100000"),
      number_or_null("nominal_voltage", "1", "100000"), number_or_null("battery_voltage", "1", "1000"),
      json_or_null("limits"), checked_time("created_at"), checked_time("updated_at"));
  append(step,
         rebuilt("devices", device_columns,
                 "id, site_id, name, device_type, profile, ip_address, port, protocol, slave_id, is_active, "
                 "poll_interval, modbus_timeout, retry_delay, offline_after, description, rated_power_kw, "
                 "nominal_voltage, battery_voltage, limits, created_at, updated_at"));
  append(step,
         {
             "CREATE INDEX devices_site_id ON devices (site_id)",
             "PRAGMA legacy_alter_table = OFF",
             "PRAGMA ignore_check_constraints = OFF",
             // The next event id that no program has reserved.
             "CREATE TABLE event_ids (row INTEGER PRIMARY KEY CHECK (row = 1), next INTEGER NOT NULL)",
             // Begins with the microseconds of the clock, so that a new database does not repeat the ids of
             // an older one.
             "INSERT INTO event_ids (row, next) VALUES (1, CAST(strftime('%s', 'now') AS INTEGER) * 1000000)",
         });
  return step;
}

}  // namespace

// Times are text in the form of a reading's timestamp, flags are 0 or 1. AUTOINCREMENT never reuses a deleted
// id.
const Schema& sqlite_schema() {
  static const Schema schema{
      .table_names =
          "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
          "ESCAPE '\\' ORDER BY name",
      .begin = {"BEGIN IMMEDIATE"},
      .steps = {
          {
              "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL)",
              R"(CREATE TABLE sites (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        code TEXT NOT NULL UNIQUE,
        network TEXT NOT NULL,
        description TEXT NOT NULL,
        is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL))",
              R"(CREATE TABLE devices (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        site_id BIGINT NOT NULL REFERENCES sites (id) ON DELETE RESTRICT,
        name TEXT NOT NULL,
        device_type TEXT NOT NULL CHECK (device_type IN ('generator', 'ats')),
        profile TEXT NOT NULL,
        ip_address TEXT NOT NULL,
        port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
        protocol TEXT NOT NULL CHECK (protocol IN ('tcp', 'rtu_over_tcp')),
        slave_id INTEGER NOT NULL CHECK (slave_id BETWEEN 0 AND 255),
        is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
        poll_interval DOUBLE PRECISION,
        modbus_timeout DOUBLE PRECISION,
        retry_delay DOUBLE PRECISION,
        offline_after INTEGER,
        description TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL))",
              "CREATE INDEX devices_site_id ON devices (site_id)",
          },
          {
              "ALTER TABLE sites ADD COLUMN topology TEXT",
              "ALTER TABLE devices ADD COLUMN rated_power_kw DOUBLE PRECISION",
              "ALTER TABLE devices ADD COLUMN nominal_voltage DOUBLE PRECISION",
              "ALTER TABLE devices ADD COLUMN battery_voltage DOUBLE PRECISION",
              "ALTER TABLE devices ADD COLUMN limits TEXT",
          },
          {
              R"(CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        device_id BIGINT,
        site_id BIGINT,
        site_code TEXT NOT NULL,
        kind TEXT NOT NULL,
        priority INTEGER,
        code TEXT NOT NULL,
        args TEXT NOT NULL,
        state TEXT NOT NULL,
        onset TEXT NOT NULL,
        onset_at_latest INTEGER NOT NULL,
        returned_at TEXT,
        acknowledged_at TEXT,
        acknowledged_by TEXT NOT NULL))",
              "CREATE INDEX events_onset ON events (onset, id)",
              "CREATE INDEX events_device ON events (device_id, onset, id)",
              "CREATE INDEX events_open ON events (state) WHERE state <> 'closed'",
          },
          journal_age(),
          sqlite_rules(),
          {
              // To add a column with a rule, SQLite checks all rules of the rows that exist.
              "PRAGMA ignore_check_constraints = ON",
              "ALTER TABLE sites ADD COLUMN " + json_or_null("alarm_notes"),
              "ALTER TABLE devices ADD COLUMN " + json_or_null("inputs"),
              "PRAGMA ignore_check_constraints = OFF",
          },
          {fmt::format("CREATE TABLE profiles ({} PRIMARY KEY, {}, {}, {})", text("name", 1, 64),
                       text("toml", 1, 262'144), checked_time("changed_at"), text("changed_by", 0, 200))}}};
  return schema;
}

}  // namespace gensetd::registry
