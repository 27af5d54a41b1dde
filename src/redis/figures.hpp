#pragma once

#include "measure/histogram.hpp"

#include <cstddef>
#include <cstdint>

namespace gensetd::redis {

// What was counted of Redis since the start, and what waits now.
struct Figures {
  std::uint64_t written = 0;                // readings that Redis took
  std::uint64_t refused = 0;                // readings that it did not
  std::uint64_t conflated = 0;              // readings that a newer one replaced before they were sent
  std::uint64_t received = 0;               // messages of metrics:updates, own ones included
  std::uint64_t not_readings = 0;           // of these, dropped
  std::uint64_t no_room = 0;                // readings of other processes dropped, as too many are held
  std::uint64_t of_own_devices = 0;         // readings that others published of devices that are polled here
  std::uint64_t losses = 0;                 // of a connection
  std::uint64_t announcements_dropped = 0;  // events not published, as Redis was away or too many waited
  measure::Histogram answer_time;           // from a reading's transaction handed to the socket to its answer
  std::size_t waiting = 0;                  // readings and removals not sent yet
  std::size_t unanswered = 0;               // transactions sent
  std::size_t foreign_devices = 0;          // of which readings of other processes are held
  std::size_t shared_hashes = 0;            // of devices polled here, written by another process too
};

}  // namespace gensetd::redis
