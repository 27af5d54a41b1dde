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

// How long a statement waits for another program that holds the database.
inline constexpr std::chrono::milliseconds busy_timeout{3'000};

enum class IfMissing : bool { create, refuse };

// What the database's own rules refuse. what(): the database's words on one line.
struct Violation : std::runtime_error {
  enum class Rule : std::uint8_t { duplicate, reference, other };
  Violation(Rule broken, const std::string& words) : std::runtime_error(words), rule(broken) {}
  Rule rule;
};

// The disk has no room for a change. Nothing of it was made; the database can still be read, and written when
// there is room.
struct NoRoom : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An open database with the registry's tables: what SQLite and PostgreSQL do differently. Use: begin(),
// statements on session(), then commit() or rollback(). One thread at a time.
class Database {
 public:
  enum class Access : bool { read, write };

  explicit Database(std::unique_ptr<soci::session> session);
  virtual ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  soci::session& session() { return *session_; }

  // read: one state of all tables until the end. write: also the sole right to write, waited for until
  // busy_timeout.
  virtual void begin(Access access) = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;

  // Differs from the last answer when another connection changed the database. Throws when the database does
  // not answer, also when it was replaced.
  virtual std::int64_t foreign_changes() = 0;

  // Expressions for a SELECT that describe one value: whether it can be read as text ("v"), or is NULL ("n"),
  // a blob ("b") or longer than `bytes_max` ("l"); and the text itself, of a number exactly, empty or NULL
  // when it cannot be read.
  struct CellSql {
    std::string kind;
    std::string text;
  };
  virtual CellSql cell(std::string_view column, std::size_t bytes_max) const = 0;

  // The first of event_id_block ids of events that no other program gets, nor a row of the table has.
  virtual std::int64_t take_event_ids() = 0;

  // Readable when another program may have changed something, or the connection is lost; -1: none.
  virtual int socket() const { return -1; }

  // Throws what `error` means when that is more than it says, such as a Violation.
  virtual void explain(const soci::soci_error& error) const = 0;

 protected:
  std::unique_ptr<soci::session> session_;
};

// Opens the registry's database and brings its tables up to date. One that is not gensetd's, or that a newer
// gensetd made, is not written to. Throws std::runtime_error with one line that names the database and what
// to do. `stop`: when it is asked for, a server that does not answer is not waited for any longer.
std::unique_ptr<Database> open_database(const DatabaseAddress& address, IfMissing if_missing,
                                        const std::stop_token& stop);
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& file, IfMissing if_missing);
std::unique_ptr<Database> open_postgres(const PostgresAddress& address, IfMissing if_missing,
                                        const std::stop_token& stop);

// The first column of the first row of the answer; empty or 0 when there is none.
std::string ask(soci::session& session, const std::string& sql);
long long ask_number(soci::session& session, const std::string& sql);

// A query: the least id that is greater than those of all events. Ids from 2^52 up are left out: they were
// not taken from the database (events/event_ids.hpp), and nothing must come near the end of the numbers.
inline constexpr const char* first_unused_event_id =
    "SELECT COALESCE(MAX(id), 0) + 1 FROM events WHERE id BETWEEN 0 AND 4503599627370495";

// What the database said, on one line, without the statement and its values.
std::string database_error(const std::exception& error);

// "the registry database X cannot be used: WHAT; TO DO"
[[noreturn]] void refuse_database(const DatabaseAddress& address, std::string_view what,
                                  std::string_view to_do);

}  // namespace gensetd::registry
