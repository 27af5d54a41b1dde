#pragma once

#include "poller/diagnostics.hpp"
#include "registry/types.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::daemon {

// The body of GET /api/devices/{id}/diagnostics. `cadence`: the interval between its readings.
std::string print_diagnostics(const registry::Device& device, const poller::Diagnostics& diagnostics,
                              std::optional<std::chrono::milliseconds> cadence);

// The same for a device that is not polled: all fields about its polling are null.
std::string print_not_polled(const registry::Device& device, std::string_view why);

}  // namespace gensetd::daemon
