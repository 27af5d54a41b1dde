#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace gensetd::events {

// How many seconds a journal's daemons have been running, added up over all their runs. It is the only
// measure by which rows grow old: no wall clock is involved, so a wrong one deletes nothing, and time without
// a daemon does not count. The database holds the sum; this object holds what one run of one daemon knows of
// it.
//
// Use: read the stored sum, store advanced(), and call note_stored() once that is committed.
//
// Several daemons may share one database. Each adds its own time to a sum that it has read, and the larger
// sum stays. Because a sum that was read is never ahead of the time since the first start, neither is the sum
// plus the own time: two daemons together count each second once, and when one stops, the other goes on
// counting.
class RunningTime {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // The sum at `now`, when the database holds `stored`. A sum smaller than the last one known here is that of
  // another database, or of a restored backup: it counts from there.
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
