#include "registry/database.hpp"
#include "registry/execute.hpp"
#include "registry/schema.hpp"
#include "registry/sql_transaction.hpp"
#include "registry/store.hpp"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace gensetd::registry {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& file, std::string_view what, std::string_view to_do) {
  refuse_database(file, what, to_do);
}

constexpr std::string_view to_check =
    "check that the disk works and has room, and that no other program locks the file, then start again";

// Without the extended part, sqlite.org/rescode.html.
int primary_code(const soci::sqlite3_soci_error& error) { return error.result() & 0xFF; }

// Identifies a file: another file at the same path is another database.
struct FileIdentity {
  std::uintmax_t device = 0;
  std::uintmax_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

FileIdentity identity_of(const fs::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

// Uses a write-ahead log, syncs every commit to disk, and checks foreign keys.
class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(fs::path file, std::unique_ptr<soci::session> session)
      : Database(std::move(session)), file_(std::move(file)), identity_(identity_of(file_)) {}

  // Takes the write lock at once, also for reading: a transaction that begins by reading cannot wait for
  // another writer later (SQLite fails at once with 'database is locked').
  void begin(Access) override { execute(*session_, "BEGIN IMMEDIATE"); }
  void commit() override { execute(*session_, "COMMIT"); }
  void rollback() noexcept override {
    try {
      execute(*session_, "ROLLBACK");
    } catch (const std::exception&) {
      // SQLite has rolled back already; or else the next BEGIN fails, and the database is reopened.
    }
  }

  // SQLite would continue to write to a file that was removed or replaced.
  std::int64_t foreign_changes() override {
    if (identity_of(file_) != identity_) {
      throw std::runtime_error(fmt::format("the file {} was removed or replaced", file_.string()));
    }
    query_number(*session_, "SELECT COUNT(*) FROM schema_version");  // a query that reads the file
    return query_number(*session_, "PRAGMA data_version");
  }

  // Any column may hold a value of any type (sqlite.org/datatype3.html).
  StoredValueSql stored_value_sql(std::string_view column, std::size_t bytes_max) const override {
    return {.kind = fmt::format("CASE WHEN {0} IS NULL THEN 'n' WHEN typeof({0}) = 'blob' THEN 'b' "
                                "WHEN length(CAST({0} AS BLOB)) > {1} THEN 'l' ELSE 'v' END",
                                column, bytes_max),
            // For a real number, 15 digits if they are exact, else 21.
            .text = fmt::format(
                "CASE typeof({0}) WHEN 'real' THEN CASE WHEN CAST(printf('%.15g', {0}) AS REAL) = {0} "
                "THEN printf('%.15g', {0}) ELSE printf('%!.20e', {0}) END WHEN 'integer' THEN {0} "
                "WHEN 'text' THEN CASE WHEN length(CAST({0} AS BLOB)) <= {1} THEN {0} END END",
                column, bytes_max)};
  }

  std::int64_t take_event_ids() override {
    SqlTransaction transaction{*this, Access::write};
    const long long first = query_number(
        *session_, fmt::format("SELECT MAX((SELECT COALESCE(MAX(next), 1) FROM event_ids), ({}))",
                               first_unused_event_id));
    execute(
        *session_,
        fmt::format(
            "INSERT INTO event_ids (row, next) VALUES (1, {0}) ON CONFLICT (row) DO UPDATE SET next = {0}",
            first + event_id_block));
    transaction.commit();
    return first;
  }

  void explain(const soci::soci_error& error) const override {
    const auto* own = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    if (own == nullptr) return;
    const int code = primary_code(*own);
    if (code == SQLITE_FULL) throw DiskFull(fmt::format("the disk of {} is full", file_.string()));
    if (code == SQLITE_IOERR) explain_write_error();
    if (code != SQLITE_CONSTRAINT) return;
    const std::string words = database_error(error);
    using Rule = Violation::Rule;
    Rule rule = Rule::other;
    if (words.find("UNIQUE constraint") != std::string::npos) rule = Rule::duplicate;
    if (words.find("FOREIGN KEY constraint") != std::string::npos) rule = Rule::reference;
    throw Violation(rule, words);
  }

 private:
  // SQLite reports only ENOSPC as a full disk; other causes are SQLITE_IOERR.
  void explain_write_error() const {
    for (const int which : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
      const int why = last_errno(which);
      if (why != ENOSPC && why != EDQUOT && why != EFBIG) continue;
      throw DiskFull(
          fmt::format("the disk of {} is full ({})", file_.string(), std::generic_category().message(why)));
    }
  }

  // errno of the last failed operation on the file. sqlite3_system_errno() returns 0 for the write-ahead log.
  int last_errno(int which) const {
    auto* const connection = static_cast<soci::sqlite3_session_backend*>(session_->get_backend())->conn_;
    sqlite_api::sqlite3_file* file = nullptr;
    const int found = sqlite_api::sqlite3_file_control(connection, "main", which, static_cast<void*>(&file));
    if (found != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return 0;
    int error = 0;
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
    return error;
  }

  fs::path file_;
  FileIdentity identity_;
};

void check_folder(const fs::path& file) {
  const fs::path folder = file.parent_path();
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    refuse(file, fmt::format("there is no folder {}", folder.string()),
           "create it, or name another file in DATABASE_URL");
  }
  // SQLite creates its journal in the same folder.
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    refuse(file, fmt::format("the folder {} is not writable", folder.string()),
           "give gensetd's user the right to write there, or name another file in DATABASE_URL");
  }
}

// Whether the file exists and contains a database. A file that is certainly not a database is refused without
// opening it.
bool check_file(const fs::path& file) {
  constexpr std::string_view magic{"SQLite format 3\0", 16};  // sqlite.org/fileformat.html, 1.3
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) return false;
  if (status.type() == fs::file_type::directory) {
    refuse(file, "it is a folder", "name a file in DATABASE_URL");
  }
  if (status.type() != fs::file_type::regular) {
    refuse(file, "it is not a regular file", "name another one in DATABASE_URL");
  }
  if (::access(file.c_str(), R_OK | W_OK) != 0) {
    refuse(file, "it is not readable and writable",
           "give gensetd's user the right, or name another file in DATABASE_URL");
  }
  std::array<char, 16> head{};
  std::ifstream stream{file, std::ios::binary};
  stream.read(head.data(), head.size());
  if (stream.gcount() == 0) return false;
  if (std::string_view{head.data(), static_cast<std::size_t>(stream.gcount())} != magic) {
    refuse(file, "it is not a SQLite database", "name another file in DATABASE_URL, or move this one away");
  }
  return true;
}

std::unique_ptr<soci::session> connect(const fs::path& file, std::string_view options) {
  // Quoted: SOCI separates the options by spaces. The path contains no quotes (database_url.cpp).
  auto session =
      std::make_unique<soci::session>(soci::sqlite3, fmt::format("db=\"{}\"{}", file.string(), options));
  execute(*session, fmt::format("PRAGMA busy_timeout = {}", busy_timeout.count()));
  return session;
}

// busy_timeout does not apply to the change to WAL (sqlite.org/wal.html), so it is retried here.
void use_write_ahead_log(soci::session& session) {
  const auto deadline = std::chrono::steady_clock::now() + busy_timeout;
  while (true) {
    try {
      const std::string mode = query_text(session, "PRAGMA journal_mode = WAL");
      if (mode == "wal") return;
      throw std::runtime_error("its file system does not allow a write-ahead log (journal mode " + mode +
                               ")");
    } catch (const soci::sqlite3_soci_error& error) {
      if (error.result() != SQLITE_BUSY || std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

std::unique_ptr<soci::session> open_checked(const fs::path& file, bool exists) {
  // Opened read-only first: SQLite may write to a file when it opens it, so the schema is checked before.
  if (exists) check_schema(*connect(file, " readonly=true"), sqlite_schema());
  auto session = connect(file, "");
  use_write_ahead_log(*session);
  execute(*session, "PRAGMA synchronous = FULL");
  // Before foreign keys are checked: a step may replace a table that others refer to.
  upgrade_schema(*session, sqlite_schema());
  execute(*session, "PRAGMA foreign_keys = ON");
  return session;
}

}  // namespace

std::unique_ptr<Database> open_sqlite(const fs::path& file, IfMissing if_missing) {
  check_folder(file);
  const bool exists = check_file(file);
  if (!exists && if_missing == IfMissing::refuse) {
    refuse(file, "the file does not exist", "restore it, or start gensetd serve to create an empty one");
  }
  try {
    return std::make_unique<SqliteDatabase>(file, open_checked(file, exists));
  } catch (const SchemaError& error) {
    refuse(file, error.what(), error.to_do);
  } catch (const soci::sqlite3_soci_error& error) {
    const int code = primary_code(error);
    const bool is_damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    refuse(file, database_error(error),
           is_damaged ? "restore it from a backup, or name another file in DATABASE_URL" : to_check);
  } catch (const std::exception& error) {
    refuse(file, database_error(error), to_check);
  }
}

}  // namespace gensetd::registry
