#pragma once

#include "registry/metrics.hpp"
#include "registry/service.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace gensetd::registry {

// The state of the service on the executor's thread: the copy of the database, the listeners, the state of
// the database. Changes arrive in the order in which the database stored them. Only on the executor's thread.
class DirectoryCache {
 public:
  const Directory& directory() const { return directory_; }

  ChangeListener* listener = nullptr;
  Service::ChangeHandler on_change;          // called after the listener; may be empty
  std::function<void()> on_profiles_change;  // called before the listener; may be empty
  RegistryMetrics metrics;
  bool healthy = true;
  bool is_full = false;

  // Applies one change by this program. Listeners are notified only if something differs.
  void put(const Site& site);
  void put(const Device& device);
  void erase_site(std::int64_t id);
  void erase_device(std::int64_t id);
  void put_profile(const std::string& name, const std::optional<StoredProfile>& profile);  // empty: removed

  // Replaces everything, after another program changed the database or the connection was restored.
  void replace(Directory whole);

 private:
  const std::set<std::int64_t>& devices_of(std::int64_t site_id) const;
  void remove_from_site(const Device& device);
  void log_all_damage(const Directory& before) const;
  void notify_differences(const Directory& before);
  void notify_changed(const std::vector<std::int64_t>& device_ids) const {
    if (on_change) on_change(device_ids);
  }

  Directory directory_;
  std::unordered_map<std::int64_t, std::set<std::int64_t>> devices_at_;  // by site
};

}  // namespace gensetd::registry
