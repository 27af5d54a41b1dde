#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace gensetd::registry {

// Ends a conversation on a socket that takes too long: libpq waits for an answer without end, also for that
// of a server that is stopped in its tracks. Use: allow() before, done() after. Past the time both directions
// of the socket are shut, and whoever waits on it wakes with an error. When `stop` is asked for, all that is
// under way has stop_farewell, which a server that works needs for a commit; what begins after that, and all
// of a connection made after the request, has no time. The socket must live longer than this.
class Watchdog {
 public:
  static constexpr std::chrono::milliseconds stop_farewell{500};

  enum class Cut : std::uint8_t { none, late, stopped };

  Watchdog(int socket, const std::stop_token& stop);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void allow(std::chrono::milliseconds time);
  void done();
  Cut cut() const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  void run();
  void stop_asked_for();
  Time until() const;

  const int socket_;
  const std::chrono::milliseconds farewell_;
  mutable std::mutex mutex_;  // guards the next five
  std::condition_variable wake_;
  std::optional<Time> deadline_;
  std::optional<Time> stop_by_;
  Cut cut_ = Cut::none;
  bool ending_ = false;
  std::thread thread_;
  std::stop_callback<std::function<void()>> on_stop_;  // last: it uses the others
};

}  // namespace gensetd::registry
