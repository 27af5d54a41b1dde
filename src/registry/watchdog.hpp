#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace gensetd::registry {

// Ends a conversation on a socket that takes too long: libpq waits for an answer without end, also for that
// of a server that is stopped in its tracks. Use: allow() before, done() after. Past the time both directions
// of the socket are shut, and whoever waits on it wakes with an error. The socket must live longer than this.
class Watchdog {
 public:
  explicit Watchdog(int socket);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void allow(std::chrono::milliseconds time);
  void done();
  bool has_cut() const;

 private:
  void run();

  const int socket_;
  mutable std::mutex mutex_;  // guards the next four
  std::condition_variable wake_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  bool cut_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gensetd::registry
