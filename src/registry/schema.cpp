#include "registry/schema.hpp"

#include "reading/reading.hpp"
#include "registry/database.hpp"
#include "registry/transaction.hpp"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace gensetd::registry {
namespace {

using Step = std::vector<std::string>;

// The only words that differ between the databases: AUTOINCREMENT never gives a deleted id again.
constexpr const char* id_column = "id INTEGER PRIMARY KEY AUTOINCREMENT";
constexpr const char* table_names =
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE "
    "'\\' ORDER BY name";

// steps()[n] brings version n to n + 1. Times are text as in a reading's timestamp, flags are 0 or 1, so that
// the columns are the same in every database.
const std::vector<Step>& steps() {
  static const std::vector<Step> all = {{
      "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL)",
      fmt::format(R"(CREATE TABLE sites (
        {},
        name TEXT NOT NULL,
        code TEXT NOT NULL UNIQUE,
        network TEXT NOT NULL,
        description TEXT NOT NULL,
        is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL))",
                  id_column),
      fmt::format(R"(CREATE TABLE devices (
        {},
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
                  id_column),
      "CREATE INDEX devices_site_id ON devices (site_id)",
  }};
  return all;
}

std::vector<std::string> tables(soci::session& session) {
  const soci::rowset<std::string> rows = (session.prepare << table_names);
  return {rows.begin(), rows.end()};
}

// 0 for a database without tables.
int version_of(soci::session& session) {
  const std::vector<std::string> names = tables(session);
  if (names.empty()) return 0;
  const auto foreign = [&](const std::string& why) {
    return SchemaError(why, "name another file in DATABASE_URL, or move this one away");
  };
  for (const std::string ours : {"schema_version", "sites", "devices"}) {
    if (std::find(names.begin(), names.end(), ours) == names.end()) {
      throw foreign(fmt::format("it belongs to another program (it has a table {} but no table {})",
                                names.front(), ours));
    }
  }
  int version = 0;
  soci::indicator indicator = soci::i_null;
  try {
    session << "SELECT MAX(version) FROM schema_version", soci::into(version, indicator);
  } catch (const soci::soci_error&) {
    indicator = soci::i_null;
  }
  if (indicator != soci::i_ok || version < 1) {
    throw foreign("it belongs to another program (its table schema_version is not gensetd's)");
  }
  if (version > schema_version) {
    throw SchemaError(fmt::format("a newer gensetd made it (schema version {}; this gensetd knows {})",
                                  version, schema_version),
                      "start the newer gensetd, or restore the backup made before its upgrade");
  }
  return version;
}

}  // namespace

void check_schema(soci::session& session) { version_of(session); }

void bring_up_to_date(soci::session& session) {
  static_assert(schema_version == 1, "one step for each version");
  Transaction transaction{session};  // another gensetd may be doing the same
  const int found = version_of(session);
  for (int version = found; version < schema_version; ++version) {
    for (const std::string& statement : steps().at(static_cast<std::size_t>(version))) session << statement;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const std::string applied_at = reading::print_timestamp(now);
    const int applied = version + 1;
    session << "INSERT INTO schema_version (version, applied_at) VALUES (:version, :applied_at)",
        soci::use(applied), soci::use(applied_at);
  }
  transaction.commit();
}

}  // namespace gensetd::registry
