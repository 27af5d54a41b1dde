#pragma once

#include "modbus/read_request.hpp"

#include <cstdint>
#include <vector>

namespace gensetd::simulator {

struct RegisterRange {
  std::uint16_t first = 0;
  std::uint16_t count = 1;
};

// What a controller does not answer although each single register may be good: reads that are longer than it
// likes, and reads that touch registers it does not know (field notes 7 and 8).
struct Limits {
  std::uint16_t registers_max = modbus::registers_per_request_max;
  std::vector<RegisterRange> unknown;
  bool refuses_silently = true;  // as these controllers may; false: exception 2, illegal data address
};

inline bool is_beyond(const Limits& limits, const modbus::ReadRequest& request) {
  if (request.count > limits.registers_max) return true;
  for (const RegisterRange& range : limits.unknown) {
    if (request.first < range.first + range.count && range.first < request.first + request.count) return true;
  }
  return false;
}

}  // namespace gensetd::simulator
