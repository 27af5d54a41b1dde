#pragma once

#include "profile/profile.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace gensetd::profile {

// One request of a cycle: registers or bits first..first+count-1 of `table`. They cover `blocks` (indices in
// Profile::blocks), which have the same schedule, and the gaps between them.
struct PlannedRead {
  modbus::Function table = modbus::Function::holding_registers;
  std::uint16_t first = 0;
  std::uint16_t count = 1;
  std::vector<std::uint16_t> blocks;

  bool operator==(const PlannedRead&) const = default;
};

using ReadPlan = std::vector<PlannedRead>;

// The cheapest set of reads that covers every block, in the order of the blocks: reads of each cycle come
// first. The cost model of the transport compares the cost of a request with that of reading the registers of
// a gap. Blocks of different tables or schedules are never read together, so what optional blocks there are
// does not change the requests for the others.
ReadPlan merged_plan(const Profile& profile, modbus::Protocol protocol);

// How long such a read occupies a serial line at 9600 baud, by the same cost model.
std::chrono::microseconds serial_line_time(const PlannedRead& read, const Transport& transport);

// A separate read for each of these blocks: used when a controller refuses a merged range.
ReadPlan single_blocks(const Profile& profile, const std::vector<std::uint16_t>& blocks);

// How a profile is read over one protocol. All devices with this profile and protocol share one object, so
// that it stays in the processor cache.
struct ReadLayout {
  ProfilePtr profile;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  ReadPlan plan;                                   // merged_plan()
  bool has_optional = false;                       // some reads are not due in each cycle
  PlannedRead probe;                               // the first block alone
  std::vector<std::vector<std::uint16_t>> fields;  // fields_of_block() of each block
  struct Words {
    std::uint32_t first = 0;  // Profile::alarm_words first..end-1
    std::uint32_t end = 0;
  };
  std::vector<Words> alarm_words;  // of each block
};

using ReadLayoutPtr = std::shared_ptr<const ReadLayout>;

ReadLayoutPtr read_layout_of(ProfilePtr profile, modbus::Protocol protocol);

}  // namespace gensetd::profile
