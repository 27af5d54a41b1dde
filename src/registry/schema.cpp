#include "registry/schema.hpp"

#include "reading/clocks.hpp"
#include "reading/reading.hpp"
#include "registry/execute.hpp"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <chrono>

namespace gensetd::registry {
namespace {

std::vector<std::string> tables(soci::session& session, const Schema& schema) {
  const soci::rowset<std::string> rows = (session.prepare << schema.table_names);
  return {rows.begin(), rows.end()};
}

void run_steps(soci::session& session, const Schema& schema, int found) {
  for (int version = found; version < schema_version; ++version) {
    for (const std::string& statement : schema.steps.at(static_cast<std::size_t>(version))) {
      execute(session, statement);
    }
    const auto now = reading::system_now();
    const std::string applied_at = reading::print_timestamp(now);
    const int applied = version + 1;
    execute(session, "INSERT INTO schema_version (version, applied_at) VALUES (:version, :applied_at)",
            soci::use(applied), soci::use(applied_at));
  }
}

}  // namespace

Schema::Step journal_age() {
  return {"CREATE TABLE events_meta (running BIGINT NOT NULL)",
          "INSERT INTO events_meta (running) VALUES (0)",
          "ALTER TABLE events ADD COLUMN run BIGINT NOT NULL DEFAULT 0",
          "CREATE INDEX events_run ON events (run, id)"};
}

int check_schema(soci::session& session, const Schema& schema) {
  const std::vector<std::string> names = tables(session, schema);
  if (names.empty()) return 0;
  const auto foreign = [&](const std::string& why) {
    return SchemaError(why, "name another database in DATABASE_URL, or move this one away");
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
    execute(session, "SELECT MAX(version) FROM schema_version", soci::into(version, indicator));
  } catch (const soci::soci_error&) {
    if (!session.is_connected()) throw;
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

void upgrade_schema(soci::session& session, const Schema& schema) {
  for (const std::string& statement : schema.begin) execute(session, statement);
  try {
    const int found =
        check_schema(session, schema);  // another gensetd may have run the steps in the meantime
    run_steps(session, schema, found);
    execute(session, "COMMIT");
  } catch (...) {
    try {
      execute(session, "ROLLBACK");
    } catch (const std::exception&) {
      // Ignored: the first error is rethrown.
    }
    throw;
  }
}

}  // namespace gensetd::registry
