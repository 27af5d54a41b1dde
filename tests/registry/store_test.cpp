#include "registry/store.hpp"

#include "registry/database.hpp"
#include "registry/edits.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unistd.h>

// Against real SQLite files.
namespace gensetd::registry {
namespace {

namespace fs = std::filesystem;

const ProfileNames profiles{"hgm9520n", "hgm9560"};

boost::json::object body(const std::string& text) { return boost::json::parse(text).as_object(); }

Timestamp at(int milliseconds) { return Timestamp{std::chrono::milliseconds{milliseconds}}; }

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (fs::temp_directory_path() / "gensetd-registry-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    file = folder / "registry.sqlite";
  }
  ~StoreTest() override { fs::remove_all(folder); }

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

const std::string mkz = R"({"name":"MKZ","code":"MKZ","network":"192.168.97.x"})";
const std::string gen1 =
    R"({"site_id":1,"name":"Gen1","device_type":"generator","ip_address":"192.168.97.10","protocol":"tcp","poll_interval":0.5})";

TEST_F(StoreTest, keeps_everything_over_a_restart) {
  Directory before;
  {
    Store store = Store::create_or_open(file);
    EXPECT_EQ(std::get<Site>(create_site(store, body(mkz), at(1'000))).id, 1);
    EXPECT_EQ(std::get<Device>(create_device(store, body(gen1), profiles, at(2'000))).id, 1);
    before = store.load();
  }
  EXPECT_EQ(before.devices.at(1).poll_interval, 0.5);
  EXPECT_EQ(before.devices.at(1).retry_delay, std::nullopt);
  EXPECT_EQ(before.devices.at(1).created_at, at(2'000));
  EXPECT_EQ(Store::create_or_open(file).load(), before);
}

TEST_F(StoreTest, commits_to_disk_with_a_log_and_foreign_keys) {
  Store store = Store::create_or_open(file);
  EXPECT_EQ(ask(store.session(), "PRAGMA journal_mode"), "wal");
  long long synchronous = 0;
  long long foreign_keys = 0;
  store.session() << "PRAGMA synchronous", soci::into(synchronous);
  store.session() << "PRAGMA foreign_keys", soci::into(foreign_keys);
  EXPECT_EQ(synchronous, 2);  // FULL
  EXPECT_EQ(foreign_keys, 1);
}

TEST_F(StoreTest, code_that_exists_is_a_conflict_and_nothing_is_stored) {
  Store store = Store::create_or_open(file);
  create_site(store, body(mkz), at(0));
  const auto again = create_site(store, body(mkz), at(1));
  EXPECT_EQ(std::get<Refusal>(again).kind, Refusal::Kind::conflict);
  EXPECT_EQ(std::get<Refusal>(again).field, "code");
  EXPECT_EQ(store.load().sites.size(), 1U);
}

TEST_F(StoreTest, device_needs_a_site_that_exists) {
  Store store = Store::create_or_open(file);
  const auto made = create_device(store, body(gen1), profiles, at(0));
  EXPECT_EQ(std::get<Refusal>(made).field, "site_id");
  EXPECT_TRUE(store.load().devices.empty());
}

TEST_F(StoreTest, site_with_devices_stays) {
  Store store = Store::create_or_open(file);
  create_site(store, body(mkz), at(0));
  create_device(store, body(gen1), profiles, at(0));
  EXPECT_EQ(std::get<Refusal>(remove_site(store, 1)).code, "site_has_devices");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(remove_device(store, 1)));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(remove_site(store, 1)));
  EXPECT_EQ(std::get<Refusal>(remove_site(store, 1)).kind, Refusal::Kind::not_found);
  EXPECT_EQ(store.load(), Directory{});
}

TEST_F(StoreTest, id_of_a_deleted_device_is_never_given_again) {
  Store store = Store::create_or_open(file);
  create_site(store, body(mkz), at(0));
  create_device(store, body(gen1), profiles, at(0));
  remove_device(store, 1);
  EXPECT_EQ(std::get<Device>(create_device(store, body(gen1), profiles, at(0))).id, 2);
}

TEST_F(StoreTest, edit_sets_updated_at_only_when_something_changes_and_never_back) {
  Store store = Store::create_or_open(file);
  create_site(store, body(mkz), at(5'000));
  EXPECT_EQ(std::get<Site>(update_site(store, 1, body("{}"), at(6'000))).updated_at, at(5'000));
  EXPECT_EQ(std::get<Site>(update_site(store, 1, body(R"({"name":"B"})"), at(7'000))).updated_at, at(7'000));
  EXPECT_EQ(std::get<Site>(update_site(store, 1, body(R"({"name":"C"})"), at(3'000))).updated_at, at(7'000));
  EXPECT_EQ(store.load().sites.at(1).name, "C");
  EXPECT_EQ(store.load().sites.at(1).created_at, at(5'000));
}

TEST_F(StoreTest, refused_edit_leaves_the_row_as_it_was) {
  Store store = Store::create_or_open(file);
  create_site(store, body(mkz), at(0));
  create_device(store, body(gen1), profiles, at(0));
  const Directory before = store.load();
  const auto edited = update_device(store, 1, body(R"({"name":"X","port":0})"), profiles, at(9));
  EXPECT_EQ(std::get<Refusal>(edited).field, "port");
  EXPECT_EQ(store.load(), before);
}

TEST_F(StoreTest, change_that_is_refused_or_fails_half_way_leaves_nothing) {
  Store store = Store::create_or_open(file);
  Site site;
  site.code = "MKZ";
  store.change([&] {
    store.insert(site);
    return false;
  });
  EXPECT_THROW(store.change([&]() -> bool {
    store.insert(site);
    throw std::runtime_error("half way");
  }),
               std::runtime_error);
  EXPECT_EQ(store.load(), Directory{});
}

TEST_F(StoreTest, text_that_looks_like_sql_is_text) {
  Store store = Store::create_or_open(file);
  create_site(store, body(R"({"name":"'); DROP TABLE sites; --","code":"x' OR '1'='1"})"), at(0));
  EXPECT_EQ(store.load().sites.at(1).name, "'); DROP TABLE sites; --");
}

TEST_F(StoreTest, change_by_another_connection_is_noticed_and_its_own_is_not) {
  Store store = Store::create_or_open(file);
  const auto before = store.foreign_changes();
  create_site(store, body(mkz), at(0));
  EXPECT_EQ(store.foreign_changes(), before);
  run_sql("UPDATE sites SET name = 'other'");
  EXPECT_NE(store.foreign_changes(), before);
}

TEST_F(StoreTest, file_that_was_removed_is_noticed_and_not_made_again) {
  Store store = Store::create_or_open(file);
  fs::remove(file);
  EXPECT_THROW(store.foreign_changes(), std::exception);
  EXPECT_THROW(Store::reopen(file), std::runtime_error);
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(StoreTest, newer_schema_is_refused_untouched) {
  {
    Store store = Store::create_or_open(file);
  }
  run_sql("INSERT INTO schema_version (version, applied_at) VALUES (99, 'x')");
  run_sql("PRAGMA wal_checkpoint(TRUNCATE)");
  const std::string before = bytes_of(file);
  EXPECT_NE(refusal().find("newer gensetd"), std::string::npos) << refusal();
  EXPECT_EQ(bytes_of(file), before);
}

TEST_F(StoreTest, database_of_another_program_is_refused_untouched) {
  run_sql("CREATE TABLE invoices (id INTEGER)");
  const std::string before = bytes_of(file);
  EXPECT_NE(refusal().find("another program"), std::string::npos) << refusal();
  EXPECT_EQ(bytes_of(file), before);
}

TEST_F(StoreTest, file_that_is_no_database_is_refused_untouched) {
  std::ofstream(file) << "this is a letter, not a database";
  EXPECT_NE(refusal().find("not a SQLite database"), std::string::npos) << refusal();
  EXPECT_EQ(bytes_of(file), "this is a letter, not a database");
}

TEST_F(StoreTest, folder_that_is_missing_or_in_the_place_of_the_file_is_named) {
  fs::create_directory(file);
  EXPECT_NE(refusal().find("it is a folder"), std::string::npos) << refusal();
  file = folder / "nowhere" / "registry.sqlite";
  EXPECT_NE(refusal().find("there is no folder"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace gensetd::registry
