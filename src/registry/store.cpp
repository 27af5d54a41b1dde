#include "registry/store.hpp"

#include "registry/database.hpp"
#include "registry/execute.hpp"
#include "registry/rows.hpp"
#include "registry/sql_transaction.hpp"
#include "registry/stored_rows.hpp"

#include <fmt/format.h>
#include <soci/soci.h>

#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::registry {
namespace {

StoredValue::Kind kind_of(const std::string& kind) {
  if (kind == "v") return StoredValue::Kind::value;
  if (kind == "b") return StoredValue::Kind::blob;
  return kind == "l" ? StoredValue::Kind::too_long : StoredValue::Kind::null;
}

std::string selection(const Database& database, std::string_view table, std::span<const Column> columns) {
  std::string sql = "SELECT id";
  for (const Column& column : columns) {
    const Database::StoredValueSql stored = database.stored_value_sql(column.name, column.bytes_max);
    sql += fmt::format(", {}, {}", stored.kind, stored.text);
  }
  return sql + fmt::format(" FROM {}", table);
}

// The values of a row, of any type, as a statement fetches them.
class Cells {
 public:
  explicit Cells(std::size_t count) : fetched_(count), values_(count) {}

  void exchange_into(soci::statement& statement) {
    for (Fetched& one : fetched_) {
      statement.exchange(soci::into(one.kind, one.kind_state));
      statement.exchange(soci::into(one.text, one.text_state));
    }
  }

  // After each fetch.
  const std::vector<StoredValue>& values() {
    for (std::size_t index = 0; index < values_.size(); ++index) {
      const Fetched& one = fetched_[index];
      values_[index] = {.kind = kind_of(one.kind),
                        .text = one.text_state == soci::i_ok ? one.text : std::string{}};
    }
    return values_;
  }

 private:
  struct Fetched {
    std::string kind, text;
    soci::indicator kind_state = soci::i_null;
    soci::indicator text_state = soci::i_null;
  };
  std::vector<Fetched> fetched_;
  std::vector<StoredValue> values_;
};

// Reads all rows of `table`, or the row with this id; the values may be of any type.
void read(Database& database, std::string_view table, std::span<const Column> columns,
          std::optional<std::int64_t> id,
          const std::function<void(std::int64_t id, std::span<const StoredValue> values)>& take) {
  Cells cells(columns.size());
  long long row_id = 0;
  soci::statement statement{database.session()};
  statement.exchange(soci::into(row_id));
  cells.exchange_into(statement);
  long long key = id.value_or(0);
  if (id) statement.exchange(soci::use(key));
  statement.alloc();
  statement.prepare(selection(database, table, columns) + (id ? " WHERE id = :id" : ""),
                    soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) take(row_id, cells.values());
}

// Reads all stored profiles, or the one with this name.
void read_profiles(Database& database, const std::optional<std::string>& name,
                   const std::function<void(StoredProfile profile)>& take) {
  std::string sql = "SELECT ";
  for (const Column& column : profile_columns()) {
    const Database::StoredValueSql stored = database.stored_value_sql(column.name, column.bytes_max);
    sql += fmt::format("{}{}, {}", sql.ends_with(' ') ? "" : ", ", stored.kind, stored.text);
  }
  sql += " FROM profiles";
  if (name) sql += " WHERE name = :name";
  Cells cells(profile_columns().size());
  soci::statement statement{database.session()};
  cells.exchange_into(statement);
  std::string key = name.value_or("");
  if (name) statement.exchange(soci::use(key));
  statement.alloc();
  statement.prepare(sql, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) take(profile_from(cells.values()));
}

template <class Row>
std::int64_t insert_row(soci::session& session, const std::string& sql, Row row) {
  long long id = 0;
  soci::statement statement{session};
  statement.exchange(soci::into(id));
  row.exchange_use(statement);
  statement.alloc();
  statement.prepare(sql, soci::details::st_one_time_query);
  statement.define_and_bind();
  if (!statement.execute(true)) throw std::runtime_error("the database gave no id to a new row");
  return id;
}

template <class Row>
void update_row(soci::session& session, const std::string& sql, Row row) {
  soci::statement statement{session};
  row.exchange_use(statement);
  statement.exchange(soci::use(row.id));
  statement.alloc();
  statement.prepare(sql, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute(true);
}

template <class Row>
void insert_row_with_id(soci::session& session, std::string sql, Row row) {
  // The insert statement, with the id as the first column and without RETURNING.
  sql.replace(sql.find('('), 1, "(id, ");
  sql.replace(sql.find("VALUES ("), 8, "VALUES (:id, ");
  sql.erase(sql.find(" RETURNING"));
  soci::statement statement{session};
  statement.exchange(soci::use(row.id));
  row.exchange_use(statement);
  statement.alloc();
  statement.prepare(sql, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute(true);
}

}  // namespace

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Store::~Store() = default;
Store::Store(Store&& other) noexcept = default;
Store& Store::operator=(Store&& other) noexcept = default;

Store Store::create_or_open(const DatabaseAddress& address, const std::stop_token& stop) {
  return Store{open_database(address, IfMissing::create, stop)};
}

Store Store::reopen(const DatabaseAddress& address, const std::stop_token& stop) {
  return Store{open_database(address, IfMissing::refuse, stop)};
}

soci::session& Store::session() { return database_->session(); }

int Store::socket() const { return database_->socket(); }

template <class Use>
auto Store::with_explained_errors(Use use) {
  try {
    return use();
  } catch (const soci::soci_error& error) {
    database_->explain(error);
    throw;
  }
}

std::int64_t Store::foreign_changes() {
  return with_explained_errors([&] { return database_->foreign_changes(); });
}

std::int64_t Store::take_event_ids() {
  return with_explained_errors([&] { return database_->take_event_ids(); });
}

void Store::change(const std::function<bool()>& edit) {
  with_explained_errors([&] {
    SqlTransaction transaction{*database_, Database::Access::write};
    if (edit()) transaction.commit();
  });
}

void Store::test_write() {
  change([this] {
    execute(session(), "UPDATE schema_version SET applied_at = applied_at");
    return true;
  });
}

void Store::read_snapshot(const std::function<void()>& use) {
  with_explained_errors([&] {
    const SqlTransaction transaction{*database_, Database::Access::read};
    use();
  });
}

Directory Store::load() {
  return with_explained_errors([&] {
    const SqlTransaction transaction{*database_, Database::Access::read};
    return contents();
  });
}

Directory Store::contents() {
  Directory directory;
  const auto is_usable = [&](std::string_view kind, std::int64_t id) {
    if (id < 1) directory.unusable.push_back(fmt::format("{} {}", kind, id));
    return id >= 1;
  };
  read(*database_, "sites", site_columns(), std::nullopt,
       [&](std::int64_t id, std::span<const StoredValue> values) {
         if (is_usable("site", id)) directory.sites.emplace(id, site_from(id, values));
       });
  read(*database_, "devices", device_columns(), std::nullopt,
       [&](std::int64_t id, std::span<const StoredValue> values) {
         if (is_usable("device", id)) directory.devices.emplace(id, device_from(id, values));
       });
  read_profiles(*database_, std::nullopt,
                [&](StoredProfile profile) { directory.profiles.emplace(profile.name, std::move(profile)); });
  return directory;
}

std::optional<StoredProfile> Store::profile(const std::string& name) {
  std::optional<StoredProfile> found;
  read_profiles(*database_, name, [&](StoredProfile profile) { found = std::move(profile); });
  return found;
}

std::int64_t Store::profiles() { return query_number(session(), "SELECT COUNT(*) FROM profiles"); }

void Store::insert(const StoredProfile& profile) {
  const std::string changed_at = reading::print_timestamp(profile.changed_at);
  execute(session(),
          "INSERT INTO profiles (name, toml, changed_at, changed_by) "
          "VALUES (:name, :toml, :changed_at, :changed_by)",
          soci::use(profile.name), soci::use(profile.toml), soci::use(changed_at),
          soci::use(profile.changed_by));
}

void Store::remove_profile(const std::string& name) {
  execute(session(), "DELETE FROM profiles WHERE name = :name", soci::use(name));
}

std::int64_t Store::sites() { return query_number(session(), "SELECT COUNT(*) FROM sites"); }

std::optional<Site> Store::site(std::int64_t id) {
  std::optional<Site> found;
  read(*database_, "sites", site_columns(), id,
       [&](std::int64_t found_id, std::span<const StoredValue> values) {
         found = site_from(found_id, values);
       });
  return found;
}

std::optional<std::int64_t> Store::site_with_code(const std::string& code) {
  long long id = 0;
  if (!execute(session(), "SELECT id FROM sites WHERE code = :code", soci::use(code), soci::into(id)))
    return std::nullopt;
  return id;
}

std::int64_t Store::devices_of(std::int64_t site_id) {
  long long count = 0;
  const long long key = site_id;
  execute(session(), "SELECT COUNT(*) FROM devices WHERE site_id = :site_id", soci::use(key),
          soci::into(count));
  return count;
}

std::int64_t Store::insert(const Site& site) {
  return insert_row(session(), SiteRow::insert, SiteRow::of(site));
}

void Store::insert_with_id(const Site& site) {
  insert_row_with_id(session(), SiteRow::insert, SiteRow::of(site));
}

void Store::update(const Site& site) { update_row(session(), SiteRow::update, SiteRow::of(site)); }

void Store::remove_site(std::int64_t id) {
  const long long key = id;
  execute(session(), "DELETE FROM sites WHERE id = :id", soci::use(key));
}

std::optional<Device> Store::device(std::int64_t id) {
  std::optional<Device> found;
  read(*database_, "devices", device_columns(), id,
       [&](std::int64_t found_id, std::span<const StoredValue> values) {
         found = device_from(found_id, values);
       });
  return found;
}

std::int64_t Store::insert(const Device& device) {
  return insert_row(session(), DeviceRow::insert, DeviceRow::of(device));
}

void Store::insert_with_id(const Device& device) {
  insert_row_with_id(session(), DeviceRow::insert, DeviceRow::of(device));
}

void Store::update(const Device& device) { update_row(session(), DeviceRow::update, DeviceRow::of(device)); }

void Store::remove_device(std::int64_t id) {
  const long long key = id;
  execute(session(), "DELETE FROM devices WHERE id = :id", soci::use(key));
}

}  // namespace gensetd::registry
