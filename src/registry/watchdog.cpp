#include "registry/watchdog.hpp"

#include <sys/socket.h>

namespace gensetd::registry {

Watchdog::Watchdog(int socket) : socket_(socket), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
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

bool Watchdog::has_cut() const {
  const std::lock_guard lock{mutex_};
  return cut_;
}

void Watchdog::run() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (!deadline_) {
      wake_.wait(lock);
    } else if (std::chrono::steady_clock::now() < *deadline_) {
      const auto until = *deadline_;
      wake_.wait_until(lock, until);
    } else {
      deadline_.reset();
      cut_ = true;
      ::shutdown(socket_, SHUT_RDWR);
    }
  }
}

}  // namespace gensetd::registry
