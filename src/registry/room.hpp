#pragma once

#include "registry/types.hpp"

#include <chrono>

namespace gensetd::registry {

// Whether the disk of the database takes changes: not from the first one that it refuses until one is stored.
// One log line when that begins, one when it ends. Use: refused() and stored() with each change; while
// is_full(), a change of its own when is_due(), so that the end is found without a client's. One thread.
class Room {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds tried_every{10};

  // A refusal for another reason than a full disk says nothing about it.
  void refused(const Refusal& refusal, SteadyTime now);
  void stored();

  bool is_full() const { return is_full_; }
  bool is_due(SteadyTime now) const { return is_full_ && now >= due_; }

 private:
  bool is_full_ = false;
  SteadyTime due_;
};

}  // namespace gensetd::registry
