#include "registry/store.hpp"

#include "registry/database.hpp"
#include "registry/rows.hpp"
#include "registry/transaction.hpp"

#include <soci/soci.h>

#include <stdexcept>
#include <utility>

namespace gensetd::registry {
namespace {

template <class Row>
void read(soci::session& session, const std::string& sql, std::optional<std::int64_t> id,
          const std::function<void(const Row&)>& take) {
  Row row;
  soci::statement statement{session};
  row.exchange_id(statement);
  row.exchange_into(statement);
  long long key = id.value_or(0);
  if (id) statement.exchange(soci::use(key));
  statement.alloc();
  statement.prepare(sql, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch()) take(row);
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

template <class Row, class T>
std::optional<T> find_row(soci::session& session, const std::string& sql, std::int64_t id) {
  std::optional<T> found;
  read<Row>(session, sql + " WHERE id = :id", id, [&](const Row& row) { found = row.value(); });
  return found;
}

template <class Row>
void insert_row_with_id(soci::session& session, std::string sql, Row row) {
  // The statement that leaves the id to the database, with the id in front and nothing to return.
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
auto Store::explained(Use use) {
  try {
    return use();
  } catch (const soci::soci_error& error) {
    database_->explain(error);
    throw;
  }
}

std::int64_t Store::foreign_changes() {
  return explained([&] { return database_->foreign_changes(); });
}

void Store::change(const std::function<bool()>& edit) {
  explained([&] {
    Transaction transaction{*database_, Database::Access::write};
    if (edit()) transaction.commit();
  });
}

void Store::look(const std::function<void()>& use) {
  explained([&] {
    const Transaction transaction{*database_, Database::Access::read};
    use();
  });
}

Directory Store::load() {
  return explained([&] {
    Directory directory;
    const Transaction transaction{*database_, Database::Access::read};
    read<SiteRow>(session(), SiteRow::select, std::nullopt,
                  [&](const SiteRow& row) { directory.sites.emplace(row.id, row.value()); });
    read<DeviceRow>(session(), DeviceRow::select, std::nullopt,
                    [&](const DeviceRow& row) { directory.devices.emplace(row.id, row.value()); });
    return directory;
  });
}

std::int64_t Store::sites() { return ask_number(session(), "SELECT COUNT(*) FROM sites"); }

std::optional<Site> Store::site(std::int64_t id) {
  return find_row<SiteRow, Site>(session(), SiteRow::select, id);
}

std::optional<std::int64_t> Store::site_with_code(const std::string& code) {
  long long id = 0;
  session() << "SELECT id FROM sites WHERE code = :code", soci::use(code), soci::into(id);
  if (!session().got_data()) return std::nullopt;
  return id;
}

std::int64_t Store::devices_of(std::int64_t site_id) {
  long long count = 0;
  const long long key = site_id;
  session() << "SELECT COUNT(*) FROM devices WHERE site_id = :site_id", soci::use(key), soci::into(count);
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
  session() << "DELETE FROM sites WHERE id = :id", soci::use(key);
}

std::optional<Device> Store::device(std::int64_t id) {
  return find_row<DeviceRow, Device>(session(), DeviceRow::select, id);
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
  session() << "DELETE FROM devices WHERE id = :id", soci::use(key);
}

}  // namespace gensetd::registry
