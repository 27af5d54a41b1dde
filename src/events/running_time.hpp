#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace gensetd::events {

// How many seconds the daemons of a journal have been running, summed over all their runs. The age of rows is
// measured by it alone: no wall clock is involved, so a wrong one deletes nothing, and time without a daemon
// does not count. The database contains the sum; this object contains the state of one run of one daemon.
//
// Use: read the stored sum, store advanced(), and call note_stored() once that is committed.
//
// Several daemons may share one database. Each adds its own time to a sum that it has read, and the larger
// sum is stored. A stored sum never exceeds the time since the first start, so neither does the sum plus the
// own time: two daemons together count each second once, and when one stops, the other continues.
class RunningTime {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // The sum at `now`, when the database contains `stored`. A sum smaller than the last one known here comes
  // from another database or a restored backup: counting continues from it.
  std::int64_t advanced(std::int64_t stored, SteadyTime now);
  void note_stored(std::int64_t sum) { last_stored_ = sum; }

 private:
  struct Anchor {
    std::int64_t sum = 0;
    SteadyTime at;
  };
  std::optional<Anchor> anchor_;
  std::int64_t last_stored_ = 0;
};

}  // namespace gensetd::events
