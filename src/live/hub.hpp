#pragma once

#include "live/cadence.hpp"
#include "live/subscribers.hpp"
#include "reading/reading.hpp"

#include <chrono>
#include <cstddef>
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

// What became of a reading that was published.
enum class Verdict : std::uint8_t {
  newest,       // it is its device's newest reading now
  outdated,     // not newer than the one held
  polled_here,  // another process's, of a device that is polled here
  no_room,      // another process's, and the limit of those is reached
};

// How many readings of other processes are held, or may be.
struct ForeignReadings {
  std::size_t devices = 0;
  std::size_t bytes = 0;
};
inline constexpr ForeignReadings foreign_max{.devices = 10'000, .bytes = 64UL * 1024 * 1024};

// The newest reading of each device, and who wants to hear of changes.
// Use: claim() each device that is polled here; publish() from the poller and from Redis; subscribe() a
// Listener and take all() in the same turn of the event loop: between the two nothing is lost and nothing
// comes twice.
//
// Own readings (with facts) are ordered by their number. Those of other processes are ordered by their number
// within one epoch, and otherwise as they arrive: their clocks may be wrong, and a publisher that restarts
// begins another epoch. Invariants: a device that is claimed, or has an own reading, has no other process's
// reading; what other processes publish never exceeds its limit. One thread.
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

  explicit Hub(ForeignReadings foreign_limit = foreign_max) : foreign_limit_(foreign_limit) {}

  // From now on, until remove(), only own readings of the device are accepted. One of another process is
  // forgotten, and the listeners are told that it is gone; whether there was one.
  bool claim(std::int64_t device_id);

  // Keeps `reading` and tells the listeners if it is Verdict::newest; otherwise nothing happens.
  Verdict publish(ReadingPtr reading);

  // Forgets a device and its claim, and tells the listeners. Unknown ids are ignored.
  void remove(std::int64_t device_id);

  // Forgets readings of other processes that arrived before `oldest`: their publisher is gone.
  void expire_foreign(reading::SteadyTime oldest);
  const ForeignReadings& foreign() const { return foreign_; }

  ReadingPtr newest(std::int64_t device_id) const;  // null when there is none
  std::vector<ReadingPtr> all() const;              // ascending by device id
  // The newest reading of the next device behind this id; null when there is none. Walks over all devices
  // from id 0, also while devices come and go in between.
  ReadingPtr next_behind(std::int64_t device_id) const;

  // How far apart the readings of a device are; empty when that is not known yet.
  std::optional<std::chrono::milliseconds> cadence(std::int64_t device_id) const;

  [[nodiscard]] Subscription subscribe(Listener& listener);
  // To these devices alone, known or not: the others cost nothing.
  [[nodiscard]] Subscription subscribe(Listener& listener, std::set<std::int64_t> devices);

 private:
  template <class Tell>
  void tell(std::int64_t device_id, Tell one) const;

  struct Held {
    ReadingPtr newest;  // null: claimed, and not read yet
    Cadence cadence;
    bool is_own = false;

    bool is_foreign() const { return newest && !is_own; }
  };

  Verdict judge(const Held* held, const reading::Reading& next) const;
  void drop_foreign(Held& held);
  Held& entry(std::int64_t device_id);  // made if there is none

  std::unordered_map<std::int64_t, Held> held_;
  const ForeignReadings foreign_limit_;
  ForeignReadings foreign_;        // of held_
  std::vector<std::int64_t> ids_;  // of held_, ascending: a device comes or goes seldom
  Subscribers<Listener> listeners_;
  std::unordered_map<std::int64_t, std::vector<Listener*>> watchers_;  // of single devices; none is empty
};

}  // namespace gensetd::live
