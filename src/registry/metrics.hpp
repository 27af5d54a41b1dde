#pragma once

#include "measure/histogram.hpp"

#include <cstddef>
#include <cstdint>

namespace gensetd::registry {

// Counts of the registry's database since the start, and its outstanding requests.
struct RegistryMetrics {
  measure::Histogram request_time;  // from a request to its result, including the time in the queue
  measure::Histogram module_time;   // the same for Service::run(), which other modules use for their tables
  std::uint64_t unavailable = 0;    // of both, refused at once: no database, or too many outstanding requests
  std::size_t waiting = 0;          // of both, outstanding
};

}  // namespace gensetd::registry
