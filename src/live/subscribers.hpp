#pragma once

#include "supervision/exceptions.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace gensetd::live {

// A list of listeners. A listener is notified once per subscription, until the subscription ends. A
// subscription must not outlive the Subscribers object. One thread; no subscription may begin or end during
// notify().
template <class Listener>
class Subscribers {
 public:
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept
        : all_(std::exchange(other.all_, nullptr)), listener_(std::exchange(other.listener_, nullptr)) {}
    Subscription& operator=(Subscription&& other) noexcept {
      std::swap(all_, other.all_);
      std::swap(listener_, other.listener_);
      return *this;
    }
    ~Subscription() {
      if (all_ != nullptr) all_->listeners_.erase(std::ranges::find(all_->listeners_, listener_));
    }

   private:
    friend class Subscribers;
    Subscription(Subscribers& all, Listener& listener) : all_(&all), listener_(&listener) {}
    Subscribers* all_ = nullptr;
    Listener* listener_ = nullptr;
  };

  Subscribers() = default;
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  [[nodiscard]] Subscription subscribe(Listener& listener) {
    listeners_.push_back(&listener);
    return {*this, listener};
  }

  // Calls notification(listener) for each listener.
  template <class Notification>
  void notify(Notification notification) const {
    // An exception of one listener does not stop the others from being notified.
    for (Listener* listener : listeners_)
      supervision::attempt(supervision::Task::live, {}, "one listener missed a change",
                           [&] { notification(*listener); });
  }

 private:
  std::vector<Listener*> listeners_;
};

}  // namespace gensetd::live
