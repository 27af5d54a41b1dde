#pragma once

#include "registry/types.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace soci {
class session;
}

namespace gensetd::registry {

// The rows of the registry in SQL. Use: open, load(), then change() with what reads and writes. Every
// function throws std::exception when the database does not answer or holds what no gensetd wrote; then the
// store is no longer used, a new one is opened. One thread at a time.
class Store {
 public:
  static Store create_or_open(const std::filesystem::path& file);
  static Store reopen(const std::filesystem::path& file);  // never creates
  ~Store();
  Store(Store&& other) noexcept;
  Store& operator=(Store&& other) noexcept;

  Directory load();

  // Runs `edit` as one transaction: kept when it returns true, undone when it returns false or throws.
  void change(const std::function<bool()>& edit);

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

  // Differs from the last answer when another connection changed the database. Throws when the database does
  // not answer, also when its file was removed or replaced (SQLite would go on writing into the old one).
  std::int64_t foreign_changes();

  soci::session& session() { return *session_; }

 private:
  // Which file a path names: another one at the same path is another database.
  struct FileIdentity {
    std::uintmax_t device = 0;
    std::uintmax_t inode = 0;
    bool operator==(const FileIdentity&) const = default;
  };

  Store(std::filesystem::path file, std::unique_ptr<soci::session> session);
  FileIdentity identity() const;

  std::filesystem::path file_;
  std::unique_ptr<soci::session> session_;
  FileIdentity identity_;
};

}  // namespace gensetd::registry
