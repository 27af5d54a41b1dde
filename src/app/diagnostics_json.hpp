#pragma once

#include "poller/diagnostics.hpp"
#include "registry/types.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::app {

// The body of GET /api/devices/{id}/diagnostics. `cadence`: how far apart its readings are.
std::string print_diagnostics(const registry::Device& device, const poller::Diagnostics& diagnostics,
                              std::optional<std::chrono::milliseconds> cadence);

// The same of a device that is not polled: the parts that would tell of its polling are null.
std::string print_not_polled(const registry::Device& device, std::string_view why);

}  // namespace gensetd::app
