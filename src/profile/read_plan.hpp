#pragma once

#include "profile/profile.hpp"

#include <cstdint>
#include <vector>

namespace gensetd::profile {

// One request of a cycle: registers first..first+count-1, which cover the blocks named (indices in
// Profile::blocks), and perhaps registers of the gaps between and behind them.
struct PlannedRead {
  std::uint16_t first = 0;
  std::uint16_t count = 1;
  std::vector<std::uint16_t> blocks;

  bool operator==(const PlannedRead&) const = default;
};

using ReadPlan = std::vector<PlannedRead>;

// The cheapest set of reads that covers every block, in ascending order, by a cost model of the transport:
// what a request costs beside its registers against what the registers of a gap cost. On a serial line the
// counts are distinct where that is possible.
ReadPlan merged_plan(const Profile& profile, modbus::Protocol protocol);

// Each of these blocks as a read of its own: what is left when a controller refuses a merged range.
ReadPlan single_blocks(const Profile& profile, const std::vector<std::uint16_t>& blocks);

// Grows reads of equal count over the gap behind them until all counts differ, by as few registers as can be:
// an answer on a serial line carries no transaction id, so its length is what tells it from the late answer
// to another read. Reads stay apart, within the merge limit, and behind the last one nothing is read; where
// that leaves no room, counts stay equal.
void make_counts_distinct(ReadPlan& plan, std::uint16_t merge_limit);

}  // namespace gensetd::profile
