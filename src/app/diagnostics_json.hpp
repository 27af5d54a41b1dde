#pragma once

#include "poller/diagnostics.hpp"
#include "registry/types.hpp"

#include <string>
#include <string_view>

namespace gensetd::app {

// The body of GET /api/devices/{id}/diagnostics.
std::string print_diagnostics(const registry::Device& device, const poller::Diagnostics& diagnostics);

// The same of a device that is not polled: the parts that would tell of its polling are null.
std::string print_not_polled(const registry::Device& device, std::string_view why);

}  // namespace gensetd::app
