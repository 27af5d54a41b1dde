#include "postgres_server.hpp"
#include "registry/database.hpp"
#include "registry/edits.hpp"
#include "registry/store.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <future>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// What only PostgreSQL does, with a real server.
namespace gensetd::registry {
namespace {

class PostgresTest : public testing::Test {
 protected:
  std::string refusal(const std::string& url) const {
    try {
      Store::create_or_open(parse_database_url(url));
    } catch (const std::runtime_error& error) {
      const std::string line = error.what();
      EXPECT_EQ(line.find('\n'), std::string::npos) << line;
      EXPECT_EQ(line.find("secret"), std::string::npos) << line;
      return line;
    }
    return "opened";
  }

  Store open() const { return Store::create_or_open(parse_database_url(server.url(name))); }
  std::string run_sql(const std::string& sql) const { return server.run_sql(name, sql); }

  PostgresServer& server = PostgresServer::shared();
  std::string name = server.new_database();
};

const std::string mkz = "INSERT INTO sites (name, code) VALUES ('MKZ', 'MKZ')";

TEST_F(PostgresTest, programs_that_start_at_the_same_time_create_the_tables_once) {
  std::vector<std::future<void>> starts;
  starts.reserve(6);
  for (int count = 0; count < 6; ++count)
    starts.push_back(std::async(std::launch::async, [this] { open(); }));
  for (std::future<void>& start : starts) EXPECT_NO_THROW(start.get());
  EXPECT_EQ(run_sql("SELECT count(*) FROM schema_version"), "7");
}

TEST_F(PostgresTest, change_by_sql_makes_the_socket_readable_at_once) {
  Store store = open();
  const auto before = store.foreign_changes();
  run_sql(mkz);
  pollfd socket{.fd = store.socket(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&socket, 1, 20'000), 1);
  EXPECT_NE(store.foreign_changes(), before);
  EXPECT_EQ(::poll(&socket, 1, 0), 0) << "the notification was consumed";
  EXPECT_EQ(store.load().sites.at(1).code, "MKZ");  // with default times that gensetd can read
}

TEST_F(PostgresTest, every_way_to_change_rows_counts) {
  Store store = open();
  run_sql(mkz);
  for (const char* change :
       {"UPDATE sites SET name = 'x'", "BEGIN; DELETE FROM sites; COMMIT", "TRUNCATE sites CASCADE",
        "SET session_replication_role = replica; INSERT INTO sites (name, code) VALUES ('r', 'r')"}) {
    const auto before = store.foreign_changes();
    run_sql(change);
    EXPECT_NE(store.foreign_changes(), before) << change;
  }
  const auto before = store.foreign_changes();
  run_sql("BEGIN; DELETE FROM sites; ROLLBACK");
  EXPECT_EQ(store.foreign_changes(), before);
}

TEST_F(PostgresTest, foreign_change_just_before_an_own_one_is_detected) {
  Store store = open();
  const auto before = store.foreign_changes();
  run_sql(mkz);
  create_site(store, boost::json::parse(R"({"name":"own","code":"own"})").as_object(), Timestamp{});
  EXPECT_NE(store.foreign_changes(), before);
}

TEST_F(PostgresTest, rows_that_the_poller_cannot_use_are_refused_in_sql_too) {
  open();
  run_sql(mkz);
  const auto device = [](const std::string& column, const std::string& value) {
    return "INSERT INTO devices (site_id, name, device_type, profile, ip_address, protocol, " + column +
           ") VALUES (1, 'G', 'generator', 'hgm9520n', 'h', 'rtu_over_tcp', " + value + ")";
  };
  EXPECT_THROW(run_sql(device("poll_interval", "0")), std::runtime_error);
  EXPECT_THROW(run_sql(device("slave_id", "0")), std::runtime_error);
  EXPECT_THROW(run_sql(device("created_at", "'yesterday'")), std::runtime_error);
  EXPECT_NO_THROW(run_sql(device("poll_interval", "0.5")));
}

TEST_F(PostgresTest, wait_for_a_writer_that_holds_the_tables_is_limited) {
  Store store = open();
  const std::unique_ptr<PGconn, void (*)(PGconn*)> other{PQconnectdb(server.url(name).c_str()), PQfinish};
  PQclear(PQexec(other.get(), "BEGIN"));
  PQclear(PQexec(other.get(), mkz.c_str()));
  EXPECT_THROW(store.change([] { return true; }), std::exception);
  EXPECT_TRUE(open().load().sites.empty()) << "reading does not wait";
}

TEST_F(PostgresTest, ended_session_is_an_error_and_a_new_one_works) {
  Store store = open();
  run_sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gensetd' AND datname "
      "= "
      "current_database()");
  EXPECT_THROW(store.foreign_changes(), std::exception);
  EXPECT_EQ(Store::reopen(parse_database_url(server.url(name))).load(), Directory{});
}

TEST_F(PostgresTest, server_that_stops_responding_is_abandoned) {
  Store store = open();
  const pid_t backend = std::stoi(query_text(store.session(), "SELECT pg_backend_pid()"));
  ::kill(backend, SIGSTOP);
  std::string words;
  try {
    store.foreign_changes();
  } catch (const std::exception& error) {
    words = error.what();
  }
  ::kill(backend, SIGCONT);
  EXPECT_EQ(words, "no answer within 5 s");
}

TEST_F(PostgresTest, reopening_does_not_create_tables) {
  EXPECT_THROW(Store::reopen(parse_database_url(server.url(name))), std::runtime_error);
  EXPECT_EQ(run_sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
}

TEST_F(PostgresTest, tables_of_extensions_are_ignored) {
  run_sql("CREATE EXTENSION pg_stat_statements");
  EXPECT_NO_THROW(open());
}

TEST_F(PostgresTest, start_error_names_its_cause) {
  const std::string url = server.url(name);
  const auto with = [&](const std::string& part, const std::string& other) {
    std::string changed = url;
    return changed.replace(changed.find(part), part.size(), other);
  };
  EXPECT_NE(refusal(with("secret", "wrong-secret")).find("password authentication failed"),
            std::string::npos);
  EXPECT_NE(refusal(with("gensetd:", "nobody:")).find("user nobody"), std::string::npos);
  EXPECT_NE(refusal(with(name, "no_such")).find("database \"no_such\" does not exist"), std::string::npos);
  EXPECT_NE(refusal(url + "?sslmode=require").find("SSL"), std::string::npos);
  EXPECT_NE(refusal("postgresql://u:secret@127.0.0.1:1/n").find("127.0.0.1:1"), std::string::npos);
  const std::string latin = server.new_database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  EXPECT_NE(refusal(server.url(latin)).find("LATIN1"), std::string::npos);
  run_sql("ALTER DATABASE " + name + " SET default_transaction_read_only = on");
  EXPECT_NE(refusal(url).find("read-only"), std::string::npos) << refusal(url);
}

TEST_F(PostgresTest, user_without_rights_gets_an_error) {
  run_sql("CREATE ROLE guest_of_" + name + " LOGIN PASSWORD 'secret'");
  std::string url = server.url(name);
  url.replace(url.find("gensetd:"), 8, "guest_of_" + name + ":");
  EXPECT_NE(refusal(url).find("permission denied"), std::string::npos) << refusal(url);
}

}  // namespace
}  // namespace gensetd::registry
