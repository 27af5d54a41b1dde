#pragma once

#include "registry/database_url.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>

namespace soci {
class session;
class soci_error;
}  // namespace soci

namespace gensetd::registry {

// How long a statement waits for another program that has locked the database.
inline constexpr std::chrono::milliseconds busy_timeout{3'000};

enum class IfMissing : bool { create, refuse };

// The database's own rules refuse a change. what(): the database's message on one line.
struct Violation : std::runtime_error {
  enum class Rule : std::uint8_t { duplicate, reference, other };
  Violation(Rule broken, const std::string& words) : std::runtime_error(words), rule(broken) {}
  Rule rule;
};

// The disk of the database is full. Nothing of the change was stored. The connection remains usable.
struct DiskFull : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An open database with the tables of the registry. Its functions are those that differ between SQLite and
// PostgreSQL. Use: begin(), statements on session(), then commit() or rollback(). One thread at a time.
class Database {
 public:
  enum class Access : bool { read, write };

  explicit Database(std::unique_ptr<soci::session> session);
  virtual ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  soci::session& session() { return *session_; }

  // read: a consistent snapshot of all tables. write: also the exclusive right to write; waits for it for at
  // most busy_timeout.
  virtual void begin(Access access) = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;

  // Differs from the previous result when another connection changed the database. Throws when the database
  // does not respond, or its file was replaced.
  virtual std::int64_t foreign_changes() = 0;

  // Expressions for a SELECT of one value of any type. kind: "v" a value that can be read as text, "n" NULL,
  // "b" a blob, "l" longer than `bytes_max` bytes. text: the text, with all digits of a number; empty or NULL
  // if the kind is not "v".
  struct StoredValueSql {
    std::string kind;
    std::string text;
  };
  virtual StoredValueSql stored_value_sql(std::string_view column, std::size_t bytes_max) const = 0;

  // Reserves event_id_block consecutive event ids that no other program and no row of the table uses; returns
  // the first.
  virtual std::int64_t take_event_ids() = 0;

  // Becomes readable when another program may have changed something, or the connection is lost. -1: no
  // socket.
  virtual int socket() const { return -1; }

  // Throws a more specific exception for `error` if there is one: Violation, DiskFull, a timeout.
  virtual void explain(const soci::soci_error& error) const = 0;

 protected:
  std::unique_ptr<soci::session> session_;
};

// Opens the registry's database and upgrades its tables. A database of another program or of a newer gensetd
// is refused and left unchanged. Throws std::runtime_error with one line that names the database and what to
// do. A stop request ends the wait for a server that does not respond.
std::unique_ptr<Database> open_database(const DatabaseAddress& address, IfMissing if_missing,
                                        const std::stop_token& stop);
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& file, IfMissing if_missing);
std::unique_ptr<Database> open_postgres(const PostgresAddress& address, IfMissing if_missing,
                                        const std::stop_token& stop);

// The first column of the first row of the result; empty or 0 when there is none.
std::string query_text(soci::session& session, const std::string& sql);
long long query_number(soci::session& session, const std::string& sql);

// A query for the lowest id above those of all events. Ids from 2^52 are excluded: they were not reserved in
// the database (events/event_ids.hpp).
inline constexpr const char* first_unused_event_id =
    "SELECT COALESCE(MAX(id), 0) + 1 FROM events WHERE id BETWEEN 0 AND 4503599627370495";

// The database's message on one line, without the statement and its values.
std::string database_error(const std::exception& error);

// "the registry database X cannot be used: WHAT; TO DO"
[[noreturn]] void refuse_database(const DatabaseAddress& address, std::string_view what,
                                  std::string_view to_do);

}  // namespace gensetd::registry
