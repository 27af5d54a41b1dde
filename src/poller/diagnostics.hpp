#pragma once

#include "poller/poll_metrics.hpp"
#include "profile/profile.hpp"
#include "profile/read_plan.hpp"

#include <cstdint>
#include <vector>

namespace gensetd::poller {

// How a device's registers are read.
struct PlanInUse {
  profile::ReadPlan reads;
  profile::ProfilePtr profile;
  bool is_split = false;  // a merged read was refused or got no response: its blocks are read one by one
};

struct Diagnostics {
  DeviceMetrics device;
  PlanInUse plan;
  LinkMetrics link;
  std::vector<std::int64_t> other_devices = {};  // that share the connection, ascending
};

}  // namespace gensetd::poller
