#pragma once

#include "measure/histogram.hpp"

#include <cstddef>
#include <cstdint>

namespace gensetd::registry {

// What was counted of the registry's database since the start, and what waits now.
struct Figures {
  measure::Histogram request_time;  // from a change to its answer, waiting included
  measure::Histogram guest_time;    // the same of what other rooms do with their tables
  std::uint64_t unavailable = 0;    // of both, refused at once: no database, or too many were waiting
  std::size_t waiting = 0;          // of both, without an answer yet
};

}  // namespace gensetd::registry
