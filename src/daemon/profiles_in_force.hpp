#pragma once

#include "profile/stored_profiles.hpp"
#include "registry/types.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace gensetd::daemon {

// The register maps in force: those built in, those in files, and those stored in the registry. Only on the
// thread of the daemon's context.
class ProfilesInForce {
 public:
  explicit ProfilesInForce(std::shared_ptr<const profile::Catalog> base)
      : base_(std::move(base)), catalog_(std::make_shared<profile::Catalog>(*base_)) {}

  // Without stored ones; immutable.
  const std::shared_ptr<const profile::Catalog>& base() const { return base_; }
  // Is assigned by replace().
  std::shared_ptr<const profile::Catalog> catalog() const { return catalog_; }

  // Takes the stored profiles of the registry. Logs each that cannot be used, once. Returns the devices whose
  // profile has changed, has appeared or has gone.
  std::vector<std::int64_t> replace(const registry::Directory& directory);

 private:
  std::shared_ptr<const profile::Catalog> base_;
  std::shared_ptr<profile::Catalog> catalog_;
  profile::StoredProfiles stored_;
};

}  // namespace gensetd::daemon
