#include "registry/database.hpp"
#include "registry/execute.hpp"
#include "registry/postgres_connect.hpp"
#include "registry/schema.hpp"
#include "registry/socket_deadline.hpp"

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <string_view>
#include <utility>

namespace gensetd::registry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// For each address of the host. libpq counts whole seconds of the wall clock, so an attempt may end up to a
// second early. A busy machine needs seconds to accept a connection. Less than connect_postgres() waits.
constexpr seconds connect_timeout{8};
constexpr milliseconds statement_timeout{4'000};
// Limit of a whole transaction, and so of the wait of a daemon stop or another request.
constexpr milliseconds transaction_timeout{5'000};
constexpr seconds upgrade_timeout{60};  // another gensetd may be creating the tables
static_assert(busy_timeout < statement_timeout && statement_timeout < transaction_timeout);

// Held while a block of event ids is reserved. The number is "gensetde" in ASCII.
constexpr long long event_ids_lock = 0x67656E7365746465;

constexpr int server_version_least = 15;

// 'text' for libpq's connection string (PostgreSQL 34.1.1.1).
std::string conninfo_value(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

// Contains the password: for libpq only.
std::string connection_string(const PostgresAddress& address) {
  std::string text = fmt::format(
      "host={} port={} user={} dbname={} connect_timeout={} tcp_user_timeout={} keepalives_idle=5 "
      "keepalives_interval=2 keepalives_count=3 client_encoding=UTF8 application_name=gensetd "
      "target_session_attrs=read-write",
      conninfo_value(address.host), address.port, conninfo_value(address.user),
      conninfo_value(address.database), connect_timeout.count(), transaction_timeout.count());
  const std::pair<const char*, const std::string&> options[] = {{"password", address.password},
                                                                {"sslmode", address.sslmode},
                                                                {"sslrootcert", address.sslrootcert},
                                                                {"sslcert", address.sslcert},
                                                                {"sslkey", address.sslkey}};
  for (const auto& [name, value] : options) {
    if (!value.empty()) text += fmt::format(" {}={}", name, conninfo_value(value));
  }
  return text;
}

PGconn* connection_of(soci::session& session) {
  return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
}

Violation::Rule broken_rule(const std::string& sqlstate) {
  if (sqlstate == "23505") return Violation::Rule::duplicate;  // PostgreSQL, Appendix A
  if (sqlstate == "23503" || sqlstate == "23001") return Violation::Rule::reference;
  return Violation::Rule::other;
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(const PostgresAddress& address, IfMissing if_missing, const std::stop_token& stop)
      : Database(connect_postgres(connection_string(address), stop)),
        deadline_(PQsocket(connection_of(*session_)), stop) {
    PQsetNoticeProcessor(connection_of(*session_), [](void*, const char*) {}, nullptr);
    deadline_.start(transaction_timeout);
    try {
      prepare(if_missing);
    } catch (const soci::soci_error& error) {
      explain(error);
      throw;
    }
    deadline_.clear();
  }

  // Locks out other writers, so that checks remain valid until the commit.
  void begin(Access access) override {
    deadline_.start(transaction_timeout);
    if (access == Access::read) {
      execute(*session_, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
      return;
    }
    execute(*session_, "BEGIN");
    execute(*session_, "LOCK TABLE sites, devices IN SHARE ROW EXCLUSIVE MODE");
    check_for_changes();
  }

  void commit() override {
    const long long own = change_count();
    execute(*session_, "COMMIT");
    seen_count_ = own;
    deadline_.clear();
  }

  void rollback() noexcept override {
    try {
      execute(*session_, "ROLLBACK");
    } catch (const std::exception&) {
      // The connection is lost, so the server rolls back.
    }
    deadline_.clear();
  }

  std::int64_t foreign_changes() override {
    deadline_.start(transaction_timeout);
    check_for_changes();
    deadline_.clear();
    discard_notifications();
    return foreign_changes_;
  }

  StoredValueSql stored_value_sql(std::string_view column, std::size_t bytes_max) const override {
    const std::string text = fmt::format("CAST({} AS TEXT)", column);
    return {.kind = fmt::format(
                "CASE WHEN {0} IS NULL THEN 'n' WHEN octet_length({1}) > {2} THEN 'l' ELSE 'v' END", column,
                text, bytes_max),
            .text = fmt::format("CASE WHEN octet_length({0}) <= {1} THEN {0} END", text, bytes_max)};
  }

  // A sequence is not rolled back, so a block is reserved even if the result is lost. The lock prevents two
  // programs from advancing the sequence past a restored table at the same time.
  std::int64_t take_event_ids() override {
    deadline_.start(transaction_timeout);
    execute(*session_, "BEGIN");
    try {
      execute(*session_, fmt::format("SELECT pg_advisory_xact_lock({})", event_ids_lock));
      const long long first = query_number(
          *session_, fmt::format("SELECT setval('event_ids', GREATEST(nextval('event_ids'), ({})))",
                                 first_unused_event_id));
      execute(*session_, "COMMIT");
      deadline_.clear();
      return first;
    } catch (...) {
      rollback();
      throw;
    }
  }

  int socket() const override { return PQsocket(connection_of(*session_)); }

  void explain(const soci::soci_error& error) const override {
    if (deadline_.expiry() == SocketDeadline::Expiry::timeout) {
      throw std::runtime_error(
          fmt::format("no answer within {} s", std::chrono::duration<double>(transaction_timeout).count()));
    }
    if (deadline_.expiry() == SocketDeadline::Expiry::stopped)
      throw std::runtime_error("no answer before the stop");
    const auto* own = dynamic_cast<const soci::postgresql_soci_error*>(&error);
    if (own == nullptr) return;
    // PostgreSQL, Appendix A
    if (own->sqlstate() == "53100") throw DiskFull("the disk of the registry's database server is full");
    if (own->sqlstate().starts_with("23"))
      throw Violation(broken_rule(own->sqlstate()), database_error(error));
  }

 private:
  void prepare(IfMissing if_missing) {
    check_server();
    set_timeouts(busy_timeout, statement_timeout);
    prepare_tables(if_missing);
    execute(*session_, "LISTEN gensetd_registry");
    seen_count_ = change_count();
  }

  void check_server() {
    const int version = PQserverVersion(connection_of(*session_)) / 10'000;
    if (version < server_version_least) {
      throw SchemaError(fmt::format("the server is PostgreSQL {}", version),
                        fmt::format("use PostgreSQL {} or later", server_version_least));
    }
    const std::string encoding = query_text(*session_, "SHOW server_encoding");
    if (encoding != "UTF8") {
      throw SchemaError(fmt::format("its encoding is {}, which cannot hold every name", encoding),
                        "create it with ENCODING 'UTF8' TEMPLATE template0");
    }
  }

  void prepare_tables(IfMissing if_missing) {
    const int found = check_schema(*session_, postgres_schema());
    if (found == 0 && if_missing == IfMissing::refuse) {
      throw SchemaError("it has no tables", "restore them, or start gensetd serve to begin with empty ones");
    }
    if (found == schema_version) return;
    deadline_.start(upgrade_timeout);
    set_timeouts(upgrade_timeout, upgrade_timeout);
    upgrade_schema(*session_, postgres_schema());
    set_timeouts(busy_timeout, statement_timeout);
    deadline_.start(transaction_timeout);
  }

  void set_timeouts(milliseconds lock, milliseconds statement) {
    execute(*session_, fmt::format("SET lock_timeout = {}", lock.count()));
    execute(*session_, fmt::format("SET statement_timeout = {}", statement.count()));
    // Ends a transaction that holds its lock although its program has stopped.
    execute(*session_, fmt::format("SET idle_in_transaction_session_timeout = {}",
                                   milliseconds{upgrade_timeout}.count()));
  }

  long long change_count() { return query_number(*session_, "SELECT number FROM changes"); }

  void check_for_changes() {
    const long long number = change_count();
    if (number == seen_count_) return;
    seen_count_ = number;
    ++foreign_changes_;
  }

  // Notifications only wake the thread; the count shows whether something changed.
  void discard_notifications() {
    while (PGnotify* notification = PQnotifies(connection_of(*session_))) PQfreemem(notification);
  }

  SocketDeadline deadline_;
  long long seen_count_ = 0;  // the count after the last change that was seen or made by this connection
  std::int64_t foreign_changes_ = 0;
};

}  // namespace

std::unique_ptr<Database> open_postgres(const PostgresAddress& address, IfMissing if_missing,
                                        const std::stop_token& stop) {
  try {
    return std::make_unique<PostgresDatabase>(address, if_missing, stop);
  } catch (const SchemaError& error) {
    refuse_database(address, error.what(), error.to_do);
  } catch (const std::exception& error) {
    refuse_database(address, database_error(error),
                    "check DATABASE_URL, the server, and what the user may do there");
  }
}

}  // namespace gensetd::registry
