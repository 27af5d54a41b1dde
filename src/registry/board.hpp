#pragma once

#include "registry/figures.hpp"
#include "registry/service.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <unordered_map>
#include <vector>

namespace gensetd::registry {

// What the executor's thread knows: the copy of the database, who listens, how it went last. The worker's
// answers arrive here in the order in which the database took the changes. Only on the executor's thread.
class Board {
 public:
  const Directory& directory() const { return directory_; }

  ChangeListener* listener = nullptr;
  Service::ChangeHandler when_changed;  // behind the listener; may be empty
  Figures figures;
  bool healthy = true;
  bool is_full = false;

  // One change by this program. What is no change is not told.
  void put(const Site& site);
  void put(const Device& device);
  void erase_site(std::int64_t id);
  void erase_device(std::int64_t id);

  // Everything again, after another program changed the database or it came back.
  void replace(Directory whole);

 private:
  const std::set<std::int64_t>& devices_of(std::int64_t site_id) const;
  void leave_site(const Device& device);
  void tell_damage(const Directory& before) const;
  void tell_differences(const Directory& before);
  void tell_changed(const std::vector<std::int64_t>& device_ids) const {
    if (when_changed) when_changed(device_ids);
  }

  Directory directory_;
  std::unordered_map<std::int64_t, std::set<std::int64_t>> devices_at_;  // by site
};

}  // namespace gensetd::registry
