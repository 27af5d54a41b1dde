#pragma once

#include "poller/device_address.hpp"
#include "poller/schedule.hpp"
#include "profile/profile.hpp"
#include "reading/reading.hpp"
#include "registry/service.hpp"

#include <string>

namespace gensetd::poller {

// One device to poll, with the defaults filled in.
struct PollTarget {
  reading::DeviceIdentity identity;
  std::string name;
  DeviceAddress address;
  profile::ProfilePtr profile;
  PollSettings settings;

  // Whether the readings of both come from the same registers of the same controller.
  bool is_same_source(const PollTarget& other) const {
    return address == other.address && profile == other.profile;
  }
};

// The target that the registry describes. `defaults` apply where the device has no setting of its own.
PollTarget target_of(const registry::Device& device, const registry::Site& site, profile::ProfilePtr profile,
                     const PollSettings& defaults);

}  // namespace gensetd::poller
