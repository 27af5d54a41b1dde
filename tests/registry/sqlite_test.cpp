#include "registry/database.hpp"
#include "registry/store.hpp"

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unistd.h>

// With real SQLite files.
namespace gensetd::registry {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() {
    std::string pattern = (fs::temp_directory_path() / "gensetd-registry-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    file = folder / "registry.sqlite";
  }
  ~SqliteTest() override { fs::remove_all(folder); }

  std::string refusal() const {
    try {
      Store::create_or_open(file);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "opened";
  }

  void run_sql(const std::string& sql) const {
    soci::session session(soci::sqlite3, "db=\"" + file.string() + "\"");
    session << sql;
  }

  fs::path folder;
  fs::path file;
};

TEST_F(SqliteTest, uses_a_write_ahead_log_full_sync_and_foreign_keys) {
  Store store = Store::create_or_open(file);
  EXPECT_EQ(query_text(store.session(), "PRAGMA journal_mode"), "wal");
  long long synchronous = 0;
  long long foreign_keys = 0;
  store.session() << "PRAGMA synchronous", soci::into(synchronous);
  store.session() << "PRAGMA foreign_keys", soci::into(foreign_keys);
  EXPECT_EQ(synchronous, 2);  // FULL
  EXPECT_EQ(foreign_keys, 1);
}

TEST_F(SqliteTest, removed_file_is_detected_and_not_created_again) {
  Store store = Store::create_or_open(file);
  fs::remove(file);
  EXPECT_THROW(store.foreign_changes(), std::exception);
  EXPECT_THROW(Store::reopen(file), std::runtime_error);
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(SqliteTest, newer_schema_is_refused_and_left_unchanged) {
  {
    Store store = Store::create_or_open(file);
  }
  run_sql("INSERT INTO schema_version (version, applied_at) VALUES (99, 'x')");
  run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
  const std::string before = bytes_of(file);
  EXPECT_NE(refusal().find("newer gensetd"), std::string::npos) << refusal();
  EXPECT_EQ(bytes_of(file), before);
}

TEST_F(SqliteTest, database_of_another_program_is_refused_and_left_unchanged) {
  run_sql("CREATE TABLE invoices (id INTEGER)");
  const std::string before = bytes_of(file);
  EXPECT_NE(refusal().find("another program"), std::string::npos) << refusal();
  EXPECT_EQ(bytes_of(file), before);
}

TEST_F(SqliteTest, file_that_is_not_a_database_is_refused_and_left_unchanged) {
  std::ofstream(file) << "this is a letter, not a database";
  EXPECT_NE(refusal().find("not a SQLite database"), std::string::npos) << refusal();
  EXPECT_EQ(bytes_of(file), "this is a letter, not a database");
}

TEST_F(SqliteTest, missing_folder_or_folder_instead_of_the_file_is_named) {
  fs::create_directory(file);
  EXPECT_NE(refusal().find("it is a folder"), std::string::npos) << refusal();
  file = folder / "nowhere" / "registry.sqlite";
  EXPECT_NE(refusal().find("there is no folder"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace gensetd::registry
