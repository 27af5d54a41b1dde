#include "stream/wake_list.hpp"

#include "supervision/exceptions.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace gensetd::stream {

void WakeList::add(Waiter& waiter) {
  if (waiter.is_listed_) return;
  listed_.push_back(&waiter);
  waiter.is_listed_ = true;
  if (listed_.size() == 1) wake_soon();
}

void WakeList::remove(Waiter& waiter) {
  // The entry stays, because add() relies on the list not being empty while a slice is scheduled.
  if (waiter.is_listed_) *std::ranges::find(listed_, &waiter) = nullptr;
  waiter.is_listed_ = false;
}

void WakeList::wake_soon() {
  // Without this handler no client would be woken again: add() schedules none while the list is not empty.
  supervision::persist([this] {
    boost::asio::post(context_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake_slice();
    });
  });
}

void WakeList::wake_slice() {
  const ClockPair now = ClockPair::now();
  for (std::size_t left = std::min(slice, listed_.size()); left > 0; --left) {
    Waiter* const waiter = listed_.front();
    // Removed from the list last: an add() during wake_up() must see that a slice is running.
    if (waiter != nullptr) {
      waiter->is_listed_ = false;
      waiter->wake_up(now);
    }
    listed_.pop_front();
  }
  if (!listed_.empty()) wake_soon();
}

}  // namespace gensetd::stream
