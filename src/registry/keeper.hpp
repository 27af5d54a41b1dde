#pragma once

#include "registry/store.hpp"
#include "registry/types.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace gensetd::registry {

// The store that is given up when it fails and opened again when it is next needed, and that notices what
// other programs changed. One thread at a time.
class Keeper {
 public:
  // Throws std::runtime_error with one line for people. Once `stop` is asked for, what does not answer is
  // given up soon and not opened again.
  Keeper(DatabaseAddress address, std::stop_token stop);

  // Runs `use` on the store. False when the database did not answer; problem() says why.
  bool attempt(const std::function<void(Store&)>& use);

  // The whole database when it may differ from what this program's own changes make of it: another program
  // wrote, or the connection was lost meanwhile. Empty otherwise, and when the database does not answer.
  std::optional<Directory> news();

  bool answers() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }

  // Readable when news() may have some; -1: none.
  int socket() const { return store_ ? store_->socket() : -1; }

 private:
  void lose(const std::exception& error);
  Store& open();

  DatabaseAddress address_;
  std::stop_token stop_;
  std::optional<Store> store_;
  std::optional<std::int64_t> changes_seen_;  // Store::foreign_changes() at the last load; empty: load again
  std::string problem_;                       // empty while the database answers
};

}  // namespace gensetd::registry
