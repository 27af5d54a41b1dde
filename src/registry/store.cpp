#include "registry/store.hpp"

#include "registry/database.hpp"
#include "registry/rows.hpp"
#include "registry/transaction.hpp"

#include <fmt/format.h>
#include <soci/soci.h>

#include <stdexcept>
#include <sys/stat.h>
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
  statement.prepare(sql);
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
  statement.prepare(sql);
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
  statement.prepare(sql);
  statement.define_and_bind();
  statement.execute(true);
}

template <class Row, class T>
std::optional<T> find_row(soci::session& session, const std::string& sql, std::int64_t id) {
  std::optional<T> found;
  read<Row>(session, sql + " WHERE id = :id", id, [&](const Row& row) { found = row.value(); });
  return found;
}

long long ask_number(soci::session& session, const std::string& sql) {
  long long number = 0;
  session << sql, soci::into(number);
  return number;
}

}  // namespace

Store::Store(std::filesystem::path file, std::unique_ptr<soci::session> session)
    : file_(std::move(file)), session_(std::move(session)), identity_(identity()) {}
Store::~Store() = default;
Store::Store(Store&& other) noexcept = default;
Store& Store::operator=(Store&& other) noexcept = default;

Store Store::create_or_open(const std::filesystem::path& file) {
  return {file, open_sqlite(file, IfMissing::create)};
}

Store Store::reopen(const std::filesystem::path& file) {
  return {file, open_sqlite(file, IfMissing::refuse)};
}

Store::FileIdentity Store::identity() const {
  struct stat status{};
  if (::stat(file_.c_str(), &status) != 0) return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

std::int64_t Store::foreign_changes() {
  if (identity() != identity_) {
    throw std::runtime_error(fmt::format("the file {} was removed or replaced", file_.string()));
  }
  ask_number(*session_, "SELECT COUNT(*) FROM schema_version");  // a question that reaches the file
  return ask_number(*session_, "PRAGMA data_version");
}

void Store::change(const std::function<bool()>& edit) {
  Transaction transaction{*session_};
  if (edit()) transaction.commit();
}

Directory Store::load() {
  Directory directory;
  // One state of the database for both tables.
  change([&] {
    read<SiteRow>(*session_, SiteRow::select, std::nullopt,
                  [&](const SiteRow& row) { directory.sites.emplace(row.id, row.value()); });
    read<DeviceRow>(*session_, DeviceRow::select, std::nullopt,
                    [&](const DeviceRow& row) { directory.devices.emplace(row.id, row.value()); });
    return false;
  });
  return directory;
}

std::optional<Site> Store::site(std::int64_t id) {
  return find_row<SiteRow, Site>(*session_, SiteRow::select, id);
}

std::optional<std::int64_t> Store::site_with_code(const std::string& code) {
  long long id = 0;
  *session_ << "SELECT id FROM sites WHERE code = :code", soci::use(code), soci::into(id);
  if (!session_->got_data()) return std::nullopt;
  return id;
}

std::int64_t Store::devices_of(std::int64_t site_id) {
  long long count = 0;
  const long long key = site_id;
  *session_ << "SELECT COUNT(*) FROM devices WHERE site_id = :site_id", soci::use(key), soci::into(count);
  return count;
}

std::int64_t Store::insert(const Site& site) {
  return insert_row(*session_, SiteRow::insert, SiteRow::of(site));
}

void Store::update(const Site& site) { update_row(*session_, SiteRow::update, SiteRow::of(site)); }

void Store::remove_site(std::int64_t id) {
  const long long key = id;
  *session_ << "DELETE FROM sites WHERE id = :id", soci::use(key);
}

std::optional<Device> Store::device(std::int64_t id) {
  return find_row<DeviceRow, Device>(*session_, DeviceRow::select, id);
}

std::int64_t Store::insert(const Device& device) {
  return insert_row(*session_, DeviceRow::insert, DeviceRow::of(device));
}

void Store::update(const Device& device) { update_row(*session_, DeviceRow::update, DeviceRow::of(device)); }

void Store::remove_device(std::int64_t id) {
  const long long key = id;
  *session_ << "DELETE FROM devices WHERE id = :id", soci::use(key);
}

}  // namespace gensetd::registry
