#include "kernel.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gensetd::simulation {

Kernel* Kernel::running = nullptr;

Kernel::Kernel() { running = this; }

Kernel::~Kernel() { running = nullptr; }

int Kernel::add(Descriptor descriptor) {
  descriptors_.emplace(next_, descriptor);
  return next_++;
}

int Kernel::make_socket(Sockets& sockets) { return add({.kind = Kind::socket, .sockets = &sockets}); }
int Kernel::make_event() { return add({.kind = Kind::event}); }
int Kernel::make_timer() { return add({.kind = Kind::timer}); }
int Kernel::make_epoll() { return add({.kind = Kind::epoll}); }

std::uint32_t Kernel::readiness(int number, const Descriptor& descriptor) const {
  switch (descriptor.kind) {
    case Kind::event:
      return descriptor.count > 0 ? EPOLLIN : 0U;
    case Kind::timer:
      return descriptor.expiry <= now_ ? EPOLLIN : 0U;
    case Kind::epoll:
      return std::ranges::any_of(
                 descriptors_,
                 [&](const auto& entry) {
                   const Descriptor& known = entry.second;
                   return known.epoll == number &&
                          (readiness(entry.first, known) & (known.interest | EPOLLERR | EPOLLHUP)) != 0;
                 })
                 ? EPOLLIN
                 : 0U;
    case Kind::socket:
      break;
  }
  return descriptor.sockets->readiness(number);
}

int Kernel::control(int epoll, int operation, int descriptor, const epoll_event* event) {
  const auto place = descriptors_.find(descriptor);
  if (place == descriptors_.end()) {
    errno = EBADF;
    return -1;
  }
  Descriptor& known = place->second;
  known.epoll = operation == EPOLL_CTL_DEL ? 0 : epoll;
  if (known.epoll == 0) return 0;
  known.interest = event->events;
  known.data = event->data;
  mark(known);  // a descriptor that is ready when it is added is reported, epoll_ctl(2)
  // Only the resolver's thread changes an event while this one waits.
  const std::lock_guard lock(lookup_mutex_);
  interrupted_ = true;
  lookup_changed_.notify_all();
  return 0;
}

// It is reported once more, and so is an epoll instance that watches it.
void Kernel::mark(Descriptor& descriptor) {
  descriptor.edge = true;
  const auto watcher = descriptors_.find(descriptor.epoll);
  if (watcher != descriptors_.end()) watcher->second.edge = true;
}

int Kernel::collect(int epoll, epoll_event* events, int events_max) {
  int count = 0;
  for (auto& [number, known] : descriptors_) {
    if (count == events_max) break;
    if (known.epoll != epoll) continue;
    const bool by_edge = (known.interest & EPOLLET) != 0;
    if (by_edge && !known.edge) continue;
    known.edge = false;
    const std::uint32_t ready = readiness(number, known) & (known.interest | EPOLLERR | EPOLLHUP);
    if (ready == 0) continue;
    events[count].events = ready;
    events[count].data = known.data;
    ++count;
  }
  return count;
}

Time Kernel::next_timer() const {
  Time next = Time::max();
  for (const auto& [number, known] : descriptors_)
    if (known.kind == Kind::timer) next = std::min(next, known.expiry);
  return next;
}

void Kernel::go_to(Time time) {
  while (!events_.empty() && events_.begin()->first <= time) {
    now_ = std::max(now_, events_.begin()->first);
    const auto what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
  }
  now_ = std::max(now_, time);
}

// epoll_wait(2). The program has done all that it can, so this is where time goes on.
int Kernel::wait(int epoll, epoll_event* events, int events_max, int timeout_ms) {
  await_lookup();
  if (timeout_ms == 0) return collect(epoll, events, events_max);
  waited_for_ = epoll;
  const Time until = timeout_ms < 0 ? Time::max() : now_ + std::chrono::milliseconds{timeout_ms};
  for (;;) {
    if (now_ >= stalled_until_) {
      const int count = collect(epoll, events, events_max);
      if (count > 0) return count;
    }
    on_step();
    if (now_ >= until) return 0;
    const Time timer = next_timer();
    if (timer == Time::max() && until == Time::max()) on_broken("it waits without a deadline");
    const Time event = events_.empty() ? Time::max() : events_.begin()->first;
    const Time due = std::max(timer, stalled_until_);
    // A timer that is due already is watched by another instance, and not waited for here.
    const bool is_due = due <= now_;
    go_to(std::max(now_, std::min({until, is_due ? Time::max() : due, event})));
  }
}

bool Kernel::add_to_event(int descriptor, std::uint64_t count) {
  Descriptor& known = descriptors_[descriptor];
  known.count += count;
  mark(known);
  return true;
}

std::uint64_t Kernel::take_event(int descriptor) { return std::exchange(descriptors_[descriptor].count, 0); }

int Kernel::close(int descriptor) {
  const auto place = descriptors_.find(descriptor);
  if (place == descriptors_.end()) {
    errno = EBADF;
    return -1;
  }
  if (place->second.kind == Kind::socket) place->second.sockets->closed(descriptor);
  descriptors_.erase(place);
  return 0;
}

void Kernel::changed(int descriptor) {
  const auto place = descriptors_.find(descriptor);
  if (place != descriptors_.end()) mark(place->second);
}

// A text that is not an address is resolved next by the caller.
bool Kernel::expects_lookup(const std::string& host) {
  lookup_host_ = host;
  looking_up_ = lookup_expected_ = true;
  return true;
}

void Kernel::await_lookup() {
  if (!std::exchange(lookup_expected_, false)) return;
  {
    std::unique_lock lock(lookup_mutex_);
    lookup_changed_.wait(lock, [this] { return lookup_begun_; });
    lookup_begun_ = false;
  }
  on_lookup(lookup_host_);
}

std::string Kernel::look_up(const std::string&) {
  std::unique_lock lock(lookup_mutex_);
  lookup_begun_ = true;
  lookup_changed_.notify_all();
  lookup_changed_.wait(lock, [this] { return lookup_over_ || lookups_abandoned_; });
  lookup_over_ = false;
  return lookups_abandoned_ ? std::string{} : lookup_result_;
}

void Kernel::found(const std::string& address) {
  // Asio's thread interrupts no wait within a handler.
  if (descriptors_[waited_for_].epoll != 0)
    return at(now_ + std::chrono::milliseconds{1}, [this, address] { found(address); });
  std::unique_lock lock(lookup_mutex_);
  lookup_result_ = address;
  lookup_over_ = true;
  interrupted_ = false;
  lookup_changed_.notify_all();
  lookup_changed_.wait(lock, [this] { return interrupted_; });
  looking_up_ = false;
}

void Kernel::abandon_lookups() {
  const std::lock_guard lock(lookup_mutex_);
  lookups_abandoned_ = true;
  lookup_changed_.notify_all();
}

}  // namespace gensetd::simulation
