#pragma once

#include "reading/reading.hpp"

#include <boost/lockfree/spsc_queue.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace gensetd::poller {

// Passes readings from one polling thread to the hub's thread: a ring without a lock, and a descriptor that
// wakes the hub's thread once for all readings pushed since it last took some. When the ring is full because
// the hub's thread is delayed, the newest reading of each device is held on the polling thread. So the queue
// never contains more than the ring and one reading of each device.
class ReadingQueue {
 public:
  struct Item {
    reading::ReadingPtr reading;
    std::uint64_t generation = 0;  // of the device's poller: readings of a replaced poller are discarded
  };
  static constexpr std::size_t ring_readings = 4'096;

  ReadingQueue();  // throws std::system_error
  ~ReadingQueue();
  ReadingQueue(const ReadingQueue&) = delete;
  ReadingQueue& operator=(const ReadingQueue&) = delete;

  // The polling thread. While readings are held, call push_held() every few milliseconds.
  void push(Item item);
  void push_held();
  bool has_held() const { return !held_.empty(); }

  // The hub's thread. The descriptor is readable when there may be readings to take.
  int descriptor() const { return event_; }
  template <class Visit>
  void take_all(Visit visit) {
    reset_wake();
    while (ring_.consume_one(visit)) {
    }
  }

 private:
  bool push_to_ring(const Item& item);
  void reset_wake();

  boost::lockfree::spsc_queue<Item> ring_{ring_readings};
  std::unordered_map<std::int64_t, Item> held_;  // by device; used by the polling thread only
  std::atomic<bool> is_wake_set_ = false;        // the descriptor is readable, or is about to be
  const int event_;
};

}  // namespace gensetd::poller
