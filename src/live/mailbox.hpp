#pragma once

#include "reading/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>

namespace gensetd::live {

// What a slow listener still has to be told: per device only the newest reading, in the order in which
// devices became dirty. Invariant: never more entries than devices; a reading replaced is counted, not
// queued. One thread.
class Mailbox {
 public:
  bool put(reading::ReadingPtr newest);  // whether it replaced one that was not taken yet
  void forget(std::int64_t device_id);
  reading::ReadingPtr take();  // the one waiting longest; null when empty
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  std::uint64_t conflated() const {
    return conflated_;
  }  // readings that a newer one replaced before they were taken
  void clear();

 private:
  std::deque<std::int64_t> order_;  // exactly the keys of waiting_, oldest first
  std::unordered_map<std::int64_t, reading::ReadingPtr> waiting_;
  std::uint64_t conflated_ = 0;
};

}  // namespace gensetd::live
