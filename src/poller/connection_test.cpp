#include "poller/connection_test.hpp"

#include <utility>

namespace gensetd::poller {

modbus::ReadRequest connection_test_range(const profile::Profile& profile) {
  return {.function = profile.probe.function, .first = profile.probe.address, .count = 1};
}

ConnectionTestResult connection_test_result(ReadResult read, const modbus::ReadRequest& range) {
  ConnectionTestResult result{.error = std::move(read.error), .latency = read.took, .address = range.first};
  if (result.error.empty()) result.raw_value = read.registers.at({range.function, range.first});
  return result;
}

}  // namespace gensetd::poller
