#pragma once

#include "profile/profile.hpp"

#include <vector>

namespace gensetd::poller {

// Leaves the blocks that each cycle reads, without fields and alarms: a test gives each register a field of
// its own.
inline void keep_always_read_blocks(profile::Profile& profile) {
  std::erase_if(profile.blocks, [](const profile::Block& block) { return !block.is_always_read(); });
  profile.fields.clear();
  profile.conditions.clear();
  profile.alarm_words.clear();
  profile.alarm_points.clear();
}

}  // namespace gensetd::poller
