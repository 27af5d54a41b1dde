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

// How many ids of events a program takes at a time. Part of the tables: the increment of a sequence.
inline constexpr std::int64_t event_id_block = 1'000;

// The rows of the registry in SQL. Use: open, load(), then change() with what reads and writes. Every
// function throws std::exception when the database does not answer; then the store is no longer used, a new
// one is opened; but after a Violation or NoRoom it goes on. A row that holds what no gensetd wrote is read
// as far as it can be, and says so (Site::damage, Device::damage). One thread at a time.
class Store {
 public:
  // `stop`: when it is asked for, a server that does not answer is not waited for any longer.
  static Store create_or_open(const DatabaseAddress& address, const std::stop_token& stop = {});
  static Store reopen(const DatabaseAddress& address, const std::stop_token& stop = {});  // never creates
  ~Store();
  Store(Store&& other) noexcept;
  Store& operator=(Store&& other) noexcept;

  Directory load();

  // Runs `edit` as one transaction: kept when it returns true, undone when it returns false or throws. Throws
  // Violation when the database's own rules refuse it, NoRoom when the disk is full.
  void change(const std::function<bool()>& edit);

  // A change that leaves everything as it is: shows whether the disk takes one.
  void rewrite_a_row();

  // Runs `use`, which only reads, as one transaction: it sees one state of all tables, and is not waited for
  // without end.
  void look(const std::function<void()>& use);

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

  void insert_with_id(const Site& site);
  void insert_with_id(const Device& device);

  // Differs from the last answer when another connection changed the database. Throws when the database does
  // not answer, also when its file was removed or replaced.
  std::int64_t foreign_changes();

  // The first of event_id_block ids of events that no other program gets.
  std::int64_t take_event_ids();

  // Readable when there may be foreign changes; -1: none.
  int socket() const;

  soci::session& session();

 private:
  explicit Store(std::unique_ptr<Database> database);

  template <class Use>
  auto explained(Use use);

  std::unique_ptr<Database> database_;
};

}  // namespace gensetd::registry
