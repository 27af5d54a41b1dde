#pragma once

#include <chrono>

namespace gensetd::registry {

// Wakes a thread that waits for a socket too. notify() from any thread; one that comes before wait() counts.
class Wake {
 public:
  enum class Why : bool { notified, other };  // other: the socket, or the time is over

  Wake();  // throws std::system_error
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  void notify() const;

  // Until notify(), something to read on `socket` (-1: none), or the end of `time`.
  Why wait(int socket, std::chrono::milliseconds time) const;

 private:
  int event_;
};

}  // namespace gensetd::registry
