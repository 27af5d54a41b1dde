#pragma once

#include "measure/histogram.hpp"

#include <cstddef>
#include <cstdint>

namespace gensetd::redis {

// Counters since the start, and the current lengths of queues.
struct RedisMetrics {
  std::uint64_t written = 0;           // readings that Redis accepted
  std::uint64_t rejected = 0;          // readings that Redis refused
  std::uint64_t conflated = 0;         // readings that a newer one replaced before they were sent
  std::uint64_t received = 0;          // messages of metrics:updates, own ones included
  std::uint64_t invalid_messages = 0;  // of these, dropped because they are not valid readings
  std::uint64_t over_limit = 0;        // readings of other processes dropped because too many are in memory
  std::uint64_t shared_messages = 0;   // readings of other processes of devices that are polled here
  std::uint64_t connections_lost = 0;
  std::uint64_t events_dropped = 0;  // not published: no connection, or the queue was full
  measure::Histogram response_time;  // from writing a reading's transaction to the socket to its last reply
  std::size_t waiting = 0;           // readings and removals not sent yet
  std::size_t pending = 0;           // transactions sent whose replies are pending
  std::size_t foreign_devices = 0;   // devices of which readings of other processes are in memory
  std::size_t shared_hashes = 0;     // of devices polled here, written by another process too
};

}  // namespace gensetd::redis
