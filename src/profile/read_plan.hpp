#pragma once

#include "profile/profile.hpp"

#include <cstdint>
#include <vector>

namespace gensetd::profile {

// One request of a cycle: registers first..first+count-1, which cover the blocks named (indices in
// Profile::blocks), and registers of the gaps between them.
struct PlannedRead {
  std::uint16_t first = 0;
  std::uint16_t count = 1;
  std::vector<std::uint16_t> blocks;

  bool operator==(const PlannedRead&) const = default;
};

using ReadPlan = std::vector<PlannedRead>;

// The cheapest set of reads that covers every block, in ascending order, by a cost model of the transport:
// what a request costs beside its registers against what the registers of a gap cost.
ReadPlan merged_plan(const Profile& profile, modbus::Protocol protocol);

// Each of these blocks as a read of its own: what is left when a controller refuses a merged range.
ReadPlan single_blocks(const Profile& profile, const std::vector<std::uint16_t>& blocks);

}  // namespace gensetd::profile
