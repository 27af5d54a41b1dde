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

// A database that nobody used yet: a file, or one of the shared PostgreSQL server. Ends with the object.
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

  // What a person would do with sqlite3 or psql.
  void run_sql(const std::string& sql) const {
    if (kind_ == Kind::postgres) {
      PostgresServer::shared().run_sql(name_, sql);
      return;
    }
    soci::session session(soci::sqlite3, "db=\"" + file().string() + "\"");
    session << "PRAGMA busy_timeout = 10000";
    if (is_lawless_) session << "PRAGMA ignore_check_constraints = ON";
    session << sql;
  }

  // From now on run_sql() may store what the rules of the tables forbid, as one may who has lifted them.
  void lift_rules() {
    is_lawless_ = true;
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
  bool is_lawless_ = false;
  std::string name_;
  std::filesystem::path folder_;
};

}  // namespace gensetd::registry
