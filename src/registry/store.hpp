#pragma once

#include "registry/database_url.hpp"
#include "registry/types.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace soci {
class session;
}

namespace gensetd::registry {

class Database;

// How many event ids a program reserves at a time. The tables contain this number as the increment of a
// sequence.
inline constexpr std::int64_t event_id_block = 1'000;

// The rows of the registry in SQL. Use: open, load(), then change() with a function that reads and writes.
// Every function throws std::exception when the database fails; then this store must not be used any more,
// and a new one is opened. After a Violation or DiskFull it remains usable. A row with invalid values is read
// as far as possible; Site::damage and Device::damage describe them. One thread at a time.
class Store {
 public:
  // A stop request ends the wait for a server that does not respond.
  static Store create_or_open(const DatabaseAddress& address, const std::stop_token& stop = {});
  static Store reopen(const DatabaseAddress& address, const std::stop_token& stop = {});  // never creates
  ~Store();
  Store(Store&& other) noexcept;
  Store& operator=(Store&& other) noexcept;

  Directory load();
  Directory contents();  // the same inside of a transaction

  // Runs `edit` as one transaction: committed when it returns true, rolled back when it returns false or
  // throws. Throws Violation when the rules of the database refuse it, DiskFull when the disk is full.
  void change(const std::function<bool()>& edit);

  // Writes a row without changing it, to find out whether the disk has space. Throws DiskFull.
  void test_write();

  // Runs `use`, which must only read, as one transaction with a consistent snapshot and the time limit of a
  // transaction.
  void read_snapshot(const std::function<void()>& use);

  std::int64_t sites();  // how many
  std::optional<Site> site(std::int64_t id);
  std::optional<std::int64_t> site_with_code(const std::string& code);
  std::int64_t devices_of(std::int64_t site_id);  // how many
  std::int64_t insert(const Site& site);          // the id
  void update(const Site& site);
  void remove_site(std::int64_t id);

  std::optional<Device> device(std::int64_t id);
  std::int64_t insert(const Device& device);
  void update(const Device& device);
  void remove_device(std::int64_t id);

  std::optional<StoredProfile> profile(const std::string& name);
  std::int64_t profiles();  // how many
  void insert(const StoredProfile& profile);
  void remove_profile(const std::string& name);

  void insert_with_id(const Site& site);
  void insert_with_id(const Device& device);

  // Differs from the previous result when another connection changed the database. Throws when the database
  // does not respond, or its file was removed or replaced.
  std::int64_t foreign_changes();

  // Reserves event_id_block consecutive event ids; returns the first.
  std::int64_t take_event_ids();

  // Becomes readable when there may be foreign changes. -1: no socket.
  int socket() const;

  soci::session& session();

 private:
  explicit Store(std::unique_ptr<Database> database);

  template <class Use>
  auto with_explained_errors(Use use);

  std::unique_ptr<Database> database_;
};

}  // namespace gensetd::registry
