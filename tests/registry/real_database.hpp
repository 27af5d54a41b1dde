#pragma once

#include "postgres_server.hpp"
#include "registry/database_url.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <string>
#include <unistd.h>

namespace gensetd::registry {

enum class Kind : std::uint8_t { sqlite, postgres };

inline void PrintTo(Kind kind, std::ostream* out) { *out << (kind == Kind::sqlite ? "sqlite" : "postgres"); }

// A new, empty database: a SQLite file, or a database of the shared PostgreSQL server. The destructor removes
// it.
class RealDatabase {
 public:
  explicit RealDatabase(Kind kind) : kind_(kind) {
    if (kind_ == Kind::postgres) {
      name_ = PostgresServer::shared().new_database();
      return;
    }
    std::string pattern = (std::filesystem::temp_directory_path() / "gensetd-registry-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  RealDatabase(const RealDatabase&) = delete;
  RealDatabase& operator=(const RealDatabase&) = delete;
  ~RealDatabase() {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string url() const {
    return kind_ == Kind::sqlite ? "sqlite:///" + file().string() : PostgresServer::shared().url(name_);
  }
  DatabaseAddress address() const { return parse_database_url(url()); }

  // Runs SQL on a separate connection, like sqlite3 or psql.
  void run_sql(const std::string& sql) const {
    if (kind_ == Kind::postgres) {
      PostgresServer::shared().run_sql(name_, sql);
      return;
    }
    soci::session session(soci::sqlite3, "db=\"" + file().string() + "\"");
    session << "PRAGMA busy_timeout = 10000";
    if (ignores_rules_) session << "PRAGMA ignore_check_constraints = ON";
    session << sql;
  }

  // From now on run_sql() may store values that the rules of the tables forbid.
  void lift_rules() {
    ignores_rules_ = true;
    if (kind_ == Kind::sqlite) return;
    run_sql(
        "DO $$ DECLARE rule record; BEGIN FOR rule IN SELECT conname, conrelid::regclass AS of FROM "
        "pg_constraint "
        "WHERE contype = 'c' AND conrelid IN ('sites'::regclass, 'devices'::regclass) LOOP "
        "EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.of, rule.conname); END LOOP; END $$");
  }

  void lose() const {
    if (kind_ == Kind::postgres) return PostgresServer::shared().kill();
    std::filesystem::rename(file(), folder_ / "away");
  }
  void bring_back() const {
    if (kind_ == Kind::sqlite) return std::filesystem::rename(folder_ / "away", file());
    if (!PostgresServer::shared().start()) throw std::runtime_error("postgres did not start again");
  }

 private:
  std::filesystem::path file() const { return folder_ / "registry.sqlite"; }

  Kind kind_;
  bool ignores_rules_ = false;
  std::string name_;
  std::filesystem::path folder_;
};

}  // namespace gensetd::registry
