#pragma once

#include "reading/reading.hpp"

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace gensetd::live {

using reading::ReadingPtr;

// Hears of every change of the newest readings. Called on the hub's thread, inside publish() and remove(): it
// notes what changed and returns; it neither blocks nor calls back into the hub.
class Listener {
 public:
  virtual void changed(const ReadingPtr& newest) = 0;
  virtual void removed(std::int64_t device_id) = 0;

 protected:
  ~Listener() = default;
};

// The newest reading of each device, and who wants to hear of changes.
// Use: publish() from the poller and from Redis; subscribe() a Listener and take all() in the same turn of
// the event loop: between the two nothing is lost and nothing comes twice. Invariant: for one device the
// timestamp only grows. One thread.
class Hub {
 public:
  // A listener hears until its subscription ends. Must not outlive the hub.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class Hub;
    Subscription(Hub& hub, Listener& listener) : hub_(&hub), listener_(&listener) {}
    Hub* hub_ = nullptr;
    Listener* listener_ = nullptr;
  };

  // Keeps `newest` and tells the listeners; false, and nothing happens, when it is not newer than the one
  // held (so the daemon's own readings, come back from Redis, count once).
  bool publish(ReadingPtr newest);

  // Forgets a device and tells the listeners. Unknown ids are ignored.
  void remove(std::int64_t device_id);

  // Forgets readings of other processes (without facts) older than `oldest`: their publisher is gone.
  void expire_foreign(reading::Timestamp oldest);

  ReadingPtr newest(std::int64_t device_id) const;  // null when there is none
  std::vector<ReadingPtr> all() const;              // ascending by device id

  [[nodiscard]] Subscription subscribe(Listener& listener);

 private:
  std::map<std::int64_t, ReadingPtr> newest_;
  std::vector<Listener*> listeners_;
};

}  // namespace gensetd::live
