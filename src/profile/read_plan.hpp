#pragma once

#include "profile/profile.hpp"

#include <cstdint>
#include <memory>
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

// How a profile is read over one protocol. The same for all devices that have it so, who share it: what lies
// in one place for all of them is in the cache when the next one needs it.
struct Reads {
  ProfilePtr profile;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  ReadPlan plan;                                   // merged_plan()
  PlannedRead probe;                               // its first block alone
  std::vector<std::vector<std::uint16_t>> fields;  // of each block: indices in Profile::fields, ascending
};

using ReadsPtr = std::shared_ptr<const Reads>;

ReadsPtr reads_of(ProfilePtr profile, modbus::Protocol protocol);

}  // namespace gensetd::profile
