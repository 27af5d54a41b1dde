#include "http/wake_list.hpp"

#include "supervision/exceptions.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace gensetd::http {

void WakeList::add(Sleeper& sleeper) {
  if (sleeper.is_listed_) return;
  listed_.push_back(&sleeper);
  sleeper.is_listed_ = true;
  if (listed_.size() == 1) wake_soon();
}

void WakeList::remove(Sleeper& sleeper) {
  // Its place stays, so that who waits for a turn of the loop is seen by the list not being empty.
  if (sleeper.is_listed_) *std::ranges::find(listed_, &sleeper) = nullptr;
  sleeper.is_listed_ = false;
}

void WakeList::wake_soon() {
  // Without this turn nobody would be told any more: add() relies on it while the list is not empty.
  supervision::persist([this] {
    boost::asio::post(context_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake_slice();
    });
  });
}

void WakeList::wake_slice() {
  const Moment now = Moment::now();
  for (std::size_t left = std::min(slice, listed_.size()); left > 0; --left) {
    Sleeper* const sleeper = listed_.front();
    // Taken out last: who is added meanwhile finds a turn under way.
    if (sleeper != nullptr) {
      sleeper->is_listed_ = false;
      sleeper->wake_up(now);
    }
    listed_.pop_front();
  }
  if (!listed_.empty()) wake_soon();
}

}  // namespace gensetd::http
