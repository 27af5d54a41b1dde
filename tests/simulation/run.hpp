#pragma once

#include "contract.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace gensetd::simulation {

struct Result {
  std::uint64_t hash = 0;   // of all that happened
  std::uint64_t lines = 0;  // of it
  std::vector<std::string> broken;
  Figures figures;
  std::map<std::string, std::uint64_t, std::less<>> acts;  // of peers that misbehave, by Trace::act()
};

// Hours of operation: four gensets by Modbus TCP, three switchboards on one serial line, polled by the
// program's own device pollers, links and sockets, with all that `seed` lets go wrong. The same seed gives
// the same run. `printed`: each event goes to the standard error output.
Result run(std::uint64_t seed, std::chrono::minutes length, bool printed);

}  // namespace gensetd::simulation
