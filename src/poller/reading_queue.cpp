#include "poller/reading_queue.hpp"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace gensetd::poller {
namespace {

int make_event() {
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  return event;
}

}  // namespace

ReadingQueue::ReadingQueue() : event_(make_event()) {}

ReadingQueue::~ReadingQueue() { ::close(event_); }

void ReadingQueue::push(Item item) {
  push_held();
  const std::int64_t device_id = item.reading->device_id;
  if (!held_.empty() || !push_to_ring(item)) held_[device_id] = std::move(item);
}

void ReadingQueue::push_held() {
  while (!held_.empty() && push_to_ring(held_.begin()->second)) held_.erase(held_.begin());
}

bool ReadingQueue::push_to_ring(const Item& item) {
  if (!ring_.push(item)) return false;
  // Either this sees the flag still set, and the other side has yet to read the ring; or it sees it reset,
  // and wakes the other side.
  if (is_wake_set_.exchange(true)) return true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written =
      ::write(event_, &one, sizeof one);  // fails only when the counter is full
  return true;
}

void ReadingQueue::reset_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(event_, &count, sizeof count);
  // Not a plain store: readings pushed before the last push that found the flag set must be visible from
  // here.
  is_wake_set_.exchange(false);
}

}  // namespace gensetd::poller
