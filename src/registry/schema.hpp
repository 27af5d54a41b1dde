#pragma once

#include <stdexcept>
#include <string>

namespace soci {
class session;
}

namespace gensetd::registry {

// The version of the tables that this program reads and writes. Each change of them adds a step in
// schema.cpp.
inline constexpr int schema_version = 1;

// A database that this program must leave alone. what(): why; to_do: what the administrator can do.
struct SchemaError : std::runtime_error {
  SchemaError(const std::string& why, std::string advice)
      : std::runtime_error(why), to_do(std::move(advice)) {}
  std::string to_do;
};

// Throws SchemaError when the database is another program's or a newer gensetd's. Only reads.
void check_schema(soci::session& session);

// Checks, then makes the missing tables and steps in one transaction: all of them or nothing.
void bring_up_to_date(soci::session& session);

}  // namespace gensetd::registry
