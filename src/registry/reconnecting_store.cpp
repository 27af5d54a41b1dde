#include "registry/reconnecting_store.hpp"

#include "log/log.hpp"
#include "registry/database.hpp"

#include <stdexcept>
#include <utility>

namespace gensetd::registry {

ReconnectingStore::ReconnectingStore(DatabaseAddress address, std::stop_token stop)
    : address_(std::move(address)), stop_(std::move(stop)), store_(Store::create_or_open(address_, stop_)) {}

Store& ReconnectingStore::open() {
  if (!store_) {
    if (stop_.stop_requested()) throw std::runtime_error("the daemon is stopping");
    store_ = Store::reopen(address_, stop_);
  }
  return *store_;
}

void ReconnectingStore::close_after(const std::exception& error) {
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

bool ReconnectingStore::attempt(const std::function<void(Store&)>& use) {
  try {
    Store& store = open();
    store.foreign_changes();  // throws if the file at the path was replaced
    use(store);
  } catch (const std::exception& error) {
    close_after(error);
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

std::optional<Directory> ReconnectingStore::load_if_changed() {
  std::optional<Directory> changed;
  attempt([&](Store& store) {
    const std::int64_t changes = store.foreign_changes();
    if (changes == changes_seen_) return;
    changed = store.load();  // loaded after the count: a change in between is loaded twice instead of missed
    changes_seen_ = changes;
  });
  return changed;
}

}  // namespace gensetd::registry
