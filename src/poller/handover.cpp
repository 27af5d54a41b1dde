#include "poller/handover.hpp"

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

Handover::Handover() : event_(make_event()) {}

Handover::~Handover() { ::close(event_); }

void Handover::put(Item item) {
  push_held();
  const std::int64_t device_id = item.reading->device_id;
  if (!held_.empty() || !push(item)) held_[device_id] = std::move(item);
}

void Handover::push_held() {
  while (!held_.empty() && push(held_.begin()->second)) held_.erase(held_.begin());
}

bool Handover::push(const Item& item) {
  if (!ring_.push(item)) return false;
  // Set before the other side looks into the ring, or seen as not set after it did.
  if (woken_.exchange(true)) return true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_, &one, sizeof one);  // fails only when it is full
  return true;
}

void Handover::rest() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(event_, &count, sizeof count);
  // Not a mere store: what was put before the last put that found it set must be seen from here on.
  woken_.exchange(false);
}

}  // namespace gensetd::poller
