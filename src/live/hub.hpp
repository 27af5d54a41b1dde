#pragma once

#include "live/cadence.hpp"
#include "live/subscribers.hpp"
#include "reading/reading.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
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
  // Ends with its owner; must not outlive the hub.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept { *this = std::move(other); }
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class Hub;
    Subscribers<Listener>::Subscription to_all_;
    Hub* hub_ = nullptr;  // of those to single devices
    Listener* listener_ = nullptr;
    std::set<std::int64_t> devices_;
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

  // How far apart the readings of a device are; empty when that is not known yet.
  std::optional<std::chrono::milliseconds> cadence(std::int64_t device_id) const;

  [[nodiscard]] Subscription subscribe(Listener& listener);
  // To these devices alone, known or not: the others cost nothing.
  [[nodiscard]] Subscription subscribe(Listener& listener, std::set<std::int64_t> devices);

 private:
  template <class Tell>
  void tell(std::int64_t device_id, Tell one) const;

  struct Held {
    ReadingPtr newest;
    Cadence cadence;
  };
  std::unordered_map<std::int64_t, Held> held_;
  Subscribers<Listener> listeners_;
  std::unordered_map<std::int64_t, std::vector<Listener*>> watchers_;  // of single devices; none is empty
};

}  // namespace gensetd::live
