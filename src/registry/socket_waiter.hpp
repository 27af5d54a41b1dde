#pragma once

#include <chrono>

namespace gensetd::registry {

// Waits for a socket or a notification of another thread. notify(): any thread; it also wakes a later wait().
class SocketWaiter {
 public:
  enum class Reason : bool { notified, other };  // other: the socket, or the end of the time

  SocketWaiter();  // throws std::system_error
  ~SocketWaiter();
  SocketWaiter(const SocketWaiter&) = delete;
  SocketWaiter& operator=(const SocketWaiter&) = delete;

  void notify() const;

  // Waits until notify(), readable data on `socket` (-1: none), or the end of `time`.
  Reason wait(int socket, std::chrono::milliseconds time) const;

 private:
  int event_;
};

}  // namespace gensetd::registry
