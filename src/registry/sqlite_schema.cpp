#include "registry/schema.hpp"

namespace gensetd::registry {

// Times are text as in a reading's timestamp, flags are 0 or 1. AUTOINCREMENT never gives a deleted id again.
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
          journal_age()}};
  return schema;
}

}  // namespace gensetd::registry
