#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace soci {
class session;
}

namespace gensetd::registry {

// The version of the tables that this program reads and writes. Each change of them adds a step for each
// database.
inline constexpr int schema_version = 5;

// A database that this program must leave alone. what(): why; to_do: what the administrator can do.
struct SchemaError : std::runtime_error {
  SchemaError(const std::string& why, std::string advice)
      : std::runtime_error(why), to_do(std::move(advice)) {}
  std::string to_do;
};

// The tables in the words of one database. The columns have the same names and hold the same in each.
struct Schema {
  using Step = std::vector<std::string>;
  std::string table_names;         // asks for the names of all tables and views
  std::vector<std::string> begin;  // begins the transaction that makes the steps, one program at a time
  std::vector<Step> steps;         // steps[n] brings version n to n + 1
};

// The step that gives the journal an age without a wall clock, the same for each database. `running` counts
// the seconds that daemons have been running, `run` is its value when a row was last changed. The real age of
// existing rows is unknown, as their times may be those of a wrong clock: they begin with an age of 0.
Schema::Step journal_age();

const Schema& sqlite_schema();
const Schema& postgres_schema();

// The version found: 0 for a database without tables. Throws SchemaError when the database is another
// program's or a newer gensetd's. Only reads.
int check_schema(soci::session& session, const Schema& schema);

// Checks, then makes the missing tables and steps in one transaction: all of them or nothing.
void bring_up_to_date(soci::session& session, const Schema& schema);

}  // namespace gensetd::registry
