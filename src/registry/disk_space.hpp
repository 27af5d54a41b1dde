#pragma once

#include "registry/types.hpp"

#include <chrono>

namespace gensetd::registry {

// Whether the disk of the database is full: from the first refused change until a change is stored. Logs one
// line at the beginning and one at the end. Use: note_refused() or note_stored() after each change. While
// is_full(), write for test when is_test_due(), so that the end is found without a change by a client. One
// thread.
class DiskSpace {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds test_interval{10};

  // Refusals for other reasons than a full disk are ignored.
  void note_refused(const Refusal& refusal, SteadyTime now);
  void note_stored();
  // A write for test failed for another reason, so it is repeated after test_interval.
  void note_untested(SteadyTime now) { test_due_ = now + test_interval; }

  bool is_full() const { return is_full_; }
  bool is_test_due(SteadyTime now) const { return is_full_ && now >= test_due_; }

 private:
  bool is_full_ = false;
  SteadyTime test_due_;
};

}  // namespace gensetd::registry
