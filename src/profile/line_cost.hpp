#pragma once

#include "profile/profile.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gensetd::profile {

// What the blocks with one schedule cost on a serial line at 9600 baud, by the cost model of the read plan
// and without confirmations.
struct ClassCost {
  std::uint16_t every = 0;        // as Block::every; 0 and no conditions: read in each cycle
  std::vector<std::string> when;  // the conditions as the file states them
  std::size_t requests = 0;
  std::chrono::microseconds line_time{0};
};

// The blocks of each cycle come first; the others in the order of the blocks.
std::vector<ClassCost> class_costs(const Profile& profile);

}  // namespace gensetd::profile
