#pragma once

#include "live/subscribers.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace gensetd::live {

// A new event of the journal, or one whose state changed. Its JSON is printed once and shared.
struct EventNotification {
  std::int64_t event_id = 0;
  std::shared_ptr<const std::string> json;
};

// Receives notifications of a NotificationHub. Like ReadingListener, it must return without blocking.
class NotificationListener {
 public:
  virtual void event_changed(const EventNotification& notification) = 0;
  virtual void registry_changed(std::uint64_t revision) = 0;

 protected:
  ~NotificationListener() = default;
};

// Notifies dashboards of everything but readings: events, and changes of sites and devices. Use: subscribe(),
// and keep the subscription. One thread.
class NotificationHub {
 public:
  using Subscription =
      Subscribers<NotificationListener>::Subscription;  // must not outlive the NotificationHub

  void notify_event(const EventNotification& notification) {
    listeners_.notify([&](NotificationListener& listener) { listener.event_changed(notification); });
  }

  void notify_registry_change() {
    ++revision_;
    listeners_.notify([&](NotificationListener& listener) { listener.registry_changed(revision_); });
  }

  // Grows with each change of sites and devices. 1 at the start of the program.
  std::uint64_t registry_revision() const { return revision_; }

  [[nodiscard]] Subscription subscribe(NotificationListener& listener) {
    return listeners_.subscribe(listener);
  }

 private:
  std::uint64_t revision_ = 1;
  Subscribers<NotificationListener> listeners_;
};

}  // namespace gensetd::live
