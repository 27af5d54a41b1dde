#pragma once

#include "modbus/read_request.hpp"

#include <cstdint>
#include <vector>

namespace gensetd::simulator {

struct RegisterRange {
  std::uint16_t first = 0;
  std::uint16_t count = 1;
};

// Reads that a controller refuses although each register may be valid: more registers than it accepts, and
// ranges that contain registers it does not have (field notes 7 and 8).
struct ReadLimits {
  std::uint16_t registers_max = modbus::registers_per_request_max;
  std::vector<RegisterRange> unknown;
  bool refuses_silently =
      true;  // no response, as some of these controllers do; false: exception 2, illegal data address
};

inline bool is_beyond(const ReadLimits& limits, const modbus::ReadRequest& request) {
  if (request.count > limits.registers_max) return true;
  for (const RegisterRange& range : limits.unknown) {
    if (request.first < range.first + range.count && range.first < request.first + request.count) return true;
  }
  return false;
}

}  // namespace gensetd::simulator
