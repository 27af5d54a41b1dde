#pragma once

#include "live/subscribers.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace gensetd::live {

// An event of the journal that is new, or whose state changed: its JSON is printed once, for everybody.
struct EventNotice {
  std::int64_t event_id = 0;
  std::shared_ptr<const std::string> json;
};

// Hears what is announced beside readings. As live::Listener it notes and returns.
class NoticeListener {
 public:
  virtual void event_changed(const EventNotice& notice) = 0;
  virtual void registry_changed(std::uint64_t revision) = 0;

 protected:
  ~NoticeListener() = default;
};

// What dashboards are told beside readings: events, and that sites or devices changed. Use: subscribe(), and
// keep the subscription as long as you hear. One thread.
class Notices {
 public:
  using Subscription = Subscribers<NoticeListener>::Subscription;  // must not outlive the Notices

  void tell_event(const EventNotice& notice) {
    listeners_.tell([&](NoticeListener& listener) { listener.event_changed(notice); });
  }

  void tell_registry_change() {
    ++revision_;
    listeners_.tell([&](NoticeListener& listener) { listener.registry_changed(revision_); });
  }

  // Grows with each change of sites and devices, from 1 at the start of the program.
  std::uint64_t registry_revision() const { return revision_; }

  [[nodiscard]] Subscription subscribe(NoticeListener& listener) { return listeners_.subscribe(listener); }

 private:
  std::uint64_t revision_ = 1;
  Subscribers<NoticeListener> listeners_;
};

}  // namespace gensetd::live
