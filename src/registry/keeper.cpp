#include "registry/keeper.hpp"

#include "log/log.hpp"
#include "registry/database.hpp"

#include <stdexcept>
#include <utility>

namespace gensetd::registry {

Keeper::Keeper(DatabaseAddress address, std::stop_token stop)
    : address_(std::move(address)), stop_(std::move(stop)), store_(Store::create_or_open(address_, stop_)) {}

Store& Keeper::open() {
  if (!store_) {
    if (stop_.stop_requested()) throw std::runtime_error("the daemon stops");
    store_ = Store::reopen(address_, stop_);
  }
  return *store_;
}

void Keeper::lose(const std::exception& error) {
  if (problem_.empty()) {
    log::error("registry_lost")
        .field("database", print_database(address_))
        .field("error", database_error(error))
        .say("registry: the database {} does not answer: {}; changes are refused until it does",
             print_database(address_), database_error(error));
  }
  problem_ = database_error(error);
  store_.reset();
  changes_seen_.reset();
}

bool Keeper::attempt(const std::function<void(Store&)>& use) {
  try {
    Store& store = open();
    store.foreign_changes();  // that the file is still the one at its path
    use(store);
  } catch (const std::exception& error) {
    lose(error);
    return false;
  }
  if (!problem_.empty()) {
    log::info("registry_returned")
        .field("database", print_database(address_))
        .say("registry: the database {} answers again", print_database(address_));
  }
  problem_.clear();
  return true;
}

std::optional<Directory> Keeper::news() {
  std::optional<Directory> news;
  attempt([&](Store& store) {
    const std::int64_t changes = store.foreign_changes();
    if (changes == changes_seen_) return;
    news = store.load();  // after the count: a change in between is loaded twice rather than missed
    changes_seen_ = changes;
  });
  return news;
}

}  // namespace gensetd::registry
