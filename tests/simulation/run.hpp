#pragma once

#include "poller_checks.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace gensetd::simulation {

struct Result {
  std::uint64_t hash = 0;   // of all events
  std::uint64_t lines = 0;  // number of events
  std::vector<std::string> broken;
  RunMetrics metrics;
  std::map<std::string, std::uint64_t, std::less<>> acts;  // of peers that misbehave, by Trace::act()
};

// Which blocks of the register maps are read.
enum class Blocks : std::uint8_t { all, always_read };

// Simulates hours of operation: four gensets by Modbus TCP and three switchboards on one serial line, polled
// by the program's own device pollers, links and sockets. The faults depend on `seed`; the same seed gives
// the same run. `printed`: writes each event to the standard error output.
Result run(std::uint64_t seed, std::chrono::minutes length, Blocks blocks, bool printed);

}  // namespace gensetd::simulation
