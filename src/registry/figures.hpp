#pragma once

#include "measure/histogram.hpp"

#include <cstddef>
#include <cstdint>

namespace gensetd::registry {

// What was counted of the registry's changes since the start, and what waits now.
struct Figures {
  measure::Histogram request_time;  // from a request to its answer, waiting included
  std::uint64_t unavailable = 0;    // requests refused at once: no database, or too many were waiting
  std::size_t waiting = 0;          // requests without an answer yet
};

}  // namespace gensetd::registry
