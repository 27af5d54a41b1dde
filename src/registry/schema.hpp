#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace soci {
class session;
}

namespace gensetd::registry {

// The version of the tables that this program uses. Each change of the tables adds a step for each database.
inline constexpr int schema_version = 7;

// A database that this program must not use. what(): why; to_do: what the administrator can do.
struct SchemaError : std::runtime_error {
  SchemaError(const std::string& why, std::string advice)
      : std::runtime_error(why), to_do(std::move(advice)) {}
  std::string to_do;
};

// The tables in the SQL dialect of one database. Columns have the same names and contents in both.
struct Schema {
  using Step = std::vector<std::string>;
  std::string table_names;         // a query for the names of all tables and views
  std::vector<std::string> begin;  // begins the transaction of the steps, exclusive among programs
  std::vector<Step> steps;         // steps[n] upgrades version n to n + 1
};

// The step that makes the age of journal rows independent of the wall clock, the same for both databases.
// `running` counts the seconds that daemons have been running; `run` is its value when a row was last
// changed. The age of existing rows is unknown, as a wrong clock may have set their times: they begin with an
// age of 0.
Schema::Step journal_age();

const Schema& sqlite_schema();
const Schema& postgres_schema();

// The version of the tables; 0 for a database without tables. Throws SchemaError when the database belongs to
// another program or a newer gensetd. Only reads.
int check_schema(soci::session& session, const Schema& schema);

// Checks the version, then runs the missing steps in one transaction.
void upgrade_schema(soci::session& session, const Schema& schema);

}  // namespace gensetd::registry
