#pragma once

#include "live/reading_interval.hpp"
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

// Is notified of every change of the newest readings, on the hub's thread, inside publish() and remove(). It
// must not block or call the hub.
class ReadingListener {
 public:
  virtual void changed(const ReadingPtr& newest) = 0;
  virtual void removed(std::int64_t device_id) = 0;

 protected:
  ~ReadingListener() = default;
};

// The result of publish().
enum class PublishResult : std::uint8_t {
  newest,         // accepted: now the newest reading of its device
  outdated,       // not newer than the newest reading
  polled_here,    // a foreign reading of a device that is polled here
  limit_reached,  // a foreign reading beyond the limit of foreign readings
};

// A number of foreign readings, or the limit of that number.
struct ForeignReadings {
  std::size_t devices = 0;
  std::size_t bytes = 0;
};
inline constexpr ForeignReadings foreign_max{.devices = 10'000, .bytes = 64UL * 1024 * 1024};

// The newest reading of each device; notifies listeners of changes. Use: claim() each device that is polled
// here; publish() readings of the poller and of Redis. A client calls subscribe() and all() in the same
// handler of the event loop, so that no reading is lost or duplicated in between.
//
// Own readings (with content) are ordered by their number. Foreign readings are ordered by their number
// within one epoch, and otherwise as they arrive: a publisher's clock may be wrong, and its epoch changes
// when it restarts. Invariants: a device that is claimed, or has an own reading, has no foreign reading;
// foreign readings never exceed their limit. One thread.
class Hub {
 public:
  // Its destructor unsubscribes. Must not outlive the hub.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept { *this = std::move(other); }
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class Hub;
    Subscribers<ReadingListener>::Subscription to_all_;
    Hub* hub_ = nullptr;  // null unless it is for single devices
    ReadingListener* listener_ = nullptr;
    std::set<std::int64_t> devices_;
  };

  explicit Hub(ForeignReadings foreign_limit = foreign_max) : foreign_limit_(foreign_limit) {}

  // From now on, until remove(), only own readings of the device are accepted. Drops a foreign reading of the
  // device and notifies the listeners of its removal; returns whether there was one.
  bool claim(std::int64_t device_id);

  // If the result is PublishResult::newest, `reading` was stored and the listeners were notified. Otherwise
  // nothing changed.
  PublishResult publish(ReadingPtr reading);

  // Removes a device and its claim, and notifies the listeners. Unknown ids are ignored.
  void remove(std::int64_t device_id);

  // Removes foreign readings that arrived before `oldest`: their publisher has stopped.
  void expire_foreign(reading::SteadyTime oldest);
  const ForeignReadings& foreign() const { return foreign_; }

  ReadingPtr newest(std::int64_t device_id) const;  // null when there is none
  std::vector<ReadingPtr> all() const;              // ascending by device id
  // The newest reading of the device with the next higher id; null when there is none. For iterating over all
  // devices, from id 0; devices may be added and removed in between.
  ReadingPtr next_after(std::int64_t device_id) const;

  // See ReadingInterval. Empty when it is not known yet.
  std::optional<std::chrono::milliseconds> reading_interval(std::int64_t device_id) const;

  [[nodiscard]] Subscription subscribe(ReadingListener& listener);
  // Only for these devices, which need not exist yet. Changes of other devices cost nothing.
  [[nodiscard]] Subscription subscribe(ReadingListener& listener, std::set<std::int64_t> devices);

 private:
  template <class Notification>
  void notify(std::int64_t device_id, Notification notification) const;

  struct DeviceEntry {
    ReadingPtr newest;  // null: claimed, but not read yet
    ReadingInterval interval;
    bool is_own = false;

    bool is_foreign() const { return newest && !is_own; }
  };

  PublishResult check(const DeviceEntry* stored, const reading::Reading& next) const;
  void erase_foreign(DeviceEntry& entry);
  DeviceEntry& entry(std::int64_t device_id);  // created if missing

  std::unordered_map<std::int64_t, DeviceEntry> entries_;
  const ForeignReadings foreign_limit_;
  ForeignReadings foreign_;        // of entries_
  std::vector<std::int64_t> ids_;  // keys of entries_, ascending; devices are seldom added or removed
  Subscribers<ReadingListener> listeners_;
  std::unordered_map<std::int64_t, std::vector<ReadingListener*>>
      watchers_;  // by device id; no vector is empty
};

}  // namespace gensetd::live
