#pragma once

#include "registry/store.hpp"
#include "registry/types.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace gensetd::registry {

// A store that is closed when it fails and reopened at its next use. Also detects changes by other programs.
// One thread at a time.
class ReconnectingStore {
 public:
  // Throws std::runtime_error with one line for people. After a stop request, a server that does not respond
  // is abandoned within half a second and not reopened.
  ReconnectingStore(DatabaseAddress address, std::stop_token stop);

  // Runs `use` on the store. False when the database failed; then problem() says why.
  bool attempt(const std::function<void(Store&)>& use);

  // The whole database, if another program may have changed it since the last call or the connection was lost
  // in between. Empty otherwise, and when the database fails.
  std::optional<Directory> load_if_changed();

  bool is_working() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }

  // Becomes readable when load_if_changed() may have changes. -1: no socket.
  int socket() const { return store_ ? store_->socket() : -1; }

 private:
  void close_after(const std::exception& error);
  Store& open();

  DatabaseAddress address_;
  std::stop_token stop_;
  std::optional<Store> store_;
  std::optional<std::int64_t>
      changes_seen_;     // Store::foreign_changes() at the last load; empty: load at the next call
  std::string problem_;  // empty while the database works
};

}  // namespace gensetd::registry
