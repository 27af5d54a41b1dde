#pragma once

#include "reading/reading.hpp"

#include <boost/lockfree/spsc_queue.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace gensetd::poller {

// Readings on their way from one polling thread to the hub's: a ring between two threads, without a lock, and
// a descriptor that wakes the hub's once for all that came since it looked. When the ring is full, as the
// hub's thread is held up, the newest reading of each device waits on the polling thread. So there are never
// more than the ring holds and one for each device.
class Handover {
 public:
  struct Item {
    reading::ReadingPtr reading;
    std::uint64_t generation = 0;  // of the device's poller: what one that was replaced has sent is dropped
  };
  static constexpr std::size_t ring_readings = 4'096;

  Handover();  // throws std::system_error
  ~Handover();
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // The polling thread. While something is held push_held() is to be called every some milliseconds.
  void put(Item item);
  void push_held();
  bool is_holding() const { return !held_.empty(); }

  // The hub's thread. The descriptor is readable when there may be something to take.
  int descriptor() const { return event_; }
  template <class Visit>
  void take_all(Visit visit) {
    rest();
    while (ring_.consume_one(visit)) {
    }
  }

 private:
  bool push(const Item& item);
  void rest();

  boost::lockfree::spsc_queue<Item> ring_{ring_readings};
  std::unordered_map<std::int64_t, Item> held_;  // by device; the polling thread's
  std::atomic<bool> woken_ = false;              // the descriptor is readable, or will be in a moment
  const int event_;
};

}  // namespace gensetd::poller
