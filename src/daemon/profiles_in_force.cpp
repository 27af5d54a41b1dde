#include "daemon/profiles_in_force.hpp"

#include "log/log.hpp"
#include "registry/fields.hpp"
#include "registry/profile_changes.hpp"

#include <utility>

namespace gensetd::daemon {

std::vector<std::int64_t> ProfilesInForce::replace(const registry::Directory& directory) {
  profile::StoredProfiles next =
      profile::with_stored(*base_, registry::texts_of(directory.profiles), stored_);
  for (const auto& [name, row] : directory.profiles) {
    if (!row.problem.empty()) next.unusable[name] = row.problem;
  }
  for (const auto& [name, problem] : next.unusable) {
    const auto known = stored_.unusable.find(name);
    if (known != stored_.unusable.end() && known->second == problem) continue;
    log::error("stored_profile_unusable")
        .field("profile", registry::shortened(name))
        .field("error", problem)
        .say("profiles: the stored profile {} cannot be used ({}){}", registry::shortened(name), problem,
             base_->find(name) ? "" : "; devices with it are not polled");
  }
  std::vector<std::int64_t> changed;
  for (const auto& [id, device] : directory.devices) {
    if (catalog_->find(device.profile) != next.catalog.find(device.profile)) changed.push_back(id);
  }
  *catalog_ = next.catalog;
  stored_ = std::move(next);
  return changed;
}

}  // namespace gensetd::daemon
