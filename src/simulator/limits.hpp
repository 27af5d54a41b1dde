#pragma once

#include "modbus/read_request.hpp"

#include <cstdint>
#include <vector>

namespace gensetd::simulator {

// Reads that a controller refuses although each register may be valid: more registers than it accepts, and
// ranges that contain registers it does not have (field notes 7 and 8).
struct ReadLimits {
  std::uint16_t registers_max = modbus::registers_per_request_max;
  std::vector<modbus::ReadRequest> unknown;  // without unit id
  bool refuses_silently =
      true;  // no response, as some of these controllers do; false: exception 2, illegal data address
};

inline bool is_beyond(const ReadLimits& limits, const modbus::ReadRequest& request) {
  if (!modbus::reads_bits(request.function) && request.count > limits.registers_max) return true;
  for (const modbus::ReadRequest& range : limits.unknown) {
    if (request.function == range.function && request.first < range.first + range.count &&
        range.first < request.first + request.count)
      return true;
  }
  return false;
}

}  // namespace gensetd::simulator
