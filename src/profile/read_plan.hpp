#pragma once

#include "profile/profile.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace gensetd::profile {

// One request of a cycle: registers first..first+count-1. They cover `blocks` (indices in Profile::blocks)
// and the gaps between them.
struct PlannedRead {
  std::uint16_t first = 0;
  std::uint16_t count = 1;
  std::vector<std::uint16_t> blocks;

  bool operator==(const PlannedRead&) const = default;
};

using ReadPlan = std::vector<PlannedRead>;

// The cheapest set of reads that covers every block, in ascending order. The cost model of the transport
// compares the cost of a request with that of reading the registers of a gap.
ReadPlan merged_plan(const Profile& profile, modbus::Protocol protocol);

// A separate read for each of these blocks: used when a controller refuses a merged range.
ReadPlan single_blocks(const Profile& profile, const std::vector<std::uint16_t>& blocks);

// How a profile is read over one protocol. All devices with this profile and protocol share one object, so
// that it stays in the processor cache.
struct ReadLayout {
  ProfilePtr profile;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  ReadPlan plan;                                   // merged_plan()
  PlannedRead probe;                               // the first block alone
  std::vector<std::vector<std::uint16_t>> fields;  // fields_of_block() of each block
};

using ReadLayoutPtr = std::shared_ptr<const ReadLayout>;

ReadLayoutPtr read_layout_of(ProfilePtr profile, modbus::Protocol protocol);

}  // namespace gensetd::profile
