#include "registry/socket_deadline.hpp"

#include <algorithm>
#include <sys/socket.h>

namespace gensetd::registry {

SocketDeadline::SocketDeadline(int socket, const std::stop_token& stop)
    : socket_(socket),
      stop_grace_(stop.stop_requested() ? std::chrono::milliseconds{0} : stop_grace),
      thread_([this] { run(); }),
      on_stop_(stop, [this] { handle_stop(); }) {}

SocketDeadline::~SocketDeadline() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SocketDeadline::start(std::chrono::milliseconds time) {
  {
    const std::lock_guard lock{mutex_};
    deadline_ = std::chrono::steady_clock::now() + time;
  }
  wake_.notify_one();
}

void SocketDeadline::clear() {
  const std::lock_guard lock{mutex_};
  deadline_.reset();  // the thread sees it at its next wake-up
}

SocketDeadline::Expiry SocketDeadline::expiry() const {
  const std::lock_guard lock{mutex_};
  return expiry_;
}

void SocketDeadline::handle_stop() {
  {
    const std::lock_guard lock{mutex_};
    stop_by_ = std::chrono::steady_clock::now() + stop_grace_;
  }
  wake_.notify_one();
}

// The end of the running operation.
SocketDeadline::Time SocketDeadline::end() const {
  return stop_by_ ? std::min(*deadline_, *stop_by_) : *deadline_;
}

void SocketDeadline::run() {
  std::unique_lock lock{mutex_};
  while (!ending_) {
    if (!deadline_) {
      wake_.wait(lock);
    } else if (std::chrono::steady_clock::now() < end()) {
      const Time time = end();
      wake_.wait_until(lock, time);
    } else {
      expiry_ = end() < *deadline_ ? Expiry::stopped : Expiry::timeout;
      deadline_.reset();
      ::shutdown(socket_, SHUT_RDWR);
    }
  }
}

}  // namespace gensetd::registry
