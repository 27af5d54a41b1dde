#pragma once

#include "reading/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

namespace gensetd::live {

// What a slow listener still has to be told: per device only the newest reading, in the order in which
// devices became dirty. Invariant: never more entries than devices; a reading replaced is told by put(), not
// queued. One thread.
class Mailbox {
 public:
  bool put(reading::ReadingPtr newest);  // whether it replaced one that was not taken yet
  void forget(std::int64_t device_id);
  reading::ReadingPtr take();  // the one waiting longest; null when empty
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  void clear();

 private:
  std::deque<std::int64_t> order_;  // exactly the keys of waiting_, oldest first
  std::unordered_map<std::int64_t, reading::ReadingPtr> waiting_;
  decltype(waiting_)::node_type spare_;  // of the last one taken: a client in time allocates nothing
};

}  // namespace gensetd::live
