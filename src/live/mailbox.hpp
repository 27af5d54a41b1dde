#pragma once

#include "reading/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

namespace gensetd::live {

// Readings that a slow listener has not taken yet: only the newest of each device, in the order in which the
// devices were added. Invariant: at most one entry per device. One thread.
class Mailbox {
 public:
  bool put(reading::ReadingPtr newest);  // true: it replaced a reading that was not taken yet
  void forget(std::int64_t device_id);
  reading::ReadingPtr take();  // the entry that has waited longest; null when empty
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  void clear();

 private:
  std::deque<std::int64_t> order_;  // exactly the keys of waiting_, oldest first
  std::unordered_map<std::int64_t, reading::ReadingPtr> waiting_;
  decltype(waiting_)::node_type
      spare_;  // of the entry taken last: reused, so that a client that keeps up allocates nothing
};

}  // namespace gensetd::live
