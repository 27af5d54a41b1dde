#include "registry/watchdog.hpp"

#include <algorithm>
#include <sys/socket.h>

namespace gensetd::registry {

Watchdog::Watchdog(int socket, const std::stop_token& stop)
    : socket_(socket),
      farewell_(stop.stop_requested() ? std::chrono::milliseconds{0} : stop_farewell),
      thread_([this] { run(); }),
      on_stop_(stop, [this] { stop_asked_for(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Watchdog::allow(std::chrono::milliseconds time) {
  {
    const std::lock_guard lock{mutex_};
    deadline_ = std::chrono::steady_clock::now() + time;
  }
  wake_.notify_one();
}

void Watchdog::done() {
  const std::lock_guard lock{mutex_};
  deadline_.reset();  // the thread finds out when it wakes
}

Watchdog::Cut Watchdog::cut() const {
  const std::lock_guard lock{mutex_};
  return cut_;
}

void Watchdog::stop_asked_for() {
  {
    const std::lock_guard lock{mutex_};
    stop_by_ = std::chrono::steady_clock::now() + farewell_;
  }
  wake_.notify_one();
}

// The end of what is under way.
Watchdog::Time Watchdog::until() const { return stop_by_ ? std::min(*deadline_, *stop_by_) : *deadline_; }

void Watchdog::run() {
  std::unique_lock lock{mutex_};
  while (!ending_) {
    if (!deadline_) {
      wake_.wait(lock);
    } else if (std::chrono::steady_clock::now() < until()) {
      const Time time = until();
      wake_.wait_until(lock, time);
    } else {
      cut_ = until() < *deadline_ ? Cut::stopped : Cut::late;
      deadline_.reset();
      ::shutdown(socket_, SHUT_RDWR);
    }
  }
}

}  // namespace gensetd::registry
