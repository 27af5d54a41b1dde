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

// Limits the time of an operation on a socket: libpq waits for a response without a limit. Use: start()
// before, clear() after the operation. At the deadline the socket is shut down in both directions, so that
// the waiting thread gets an error. After a stop request, a running operation has stop_grace left, enough for
// a working server to commit; later operations fail at once, and so do all on a connection that is made after
// the stop request. The socket must outlive this object.
class SocketDeadline {
 public:
  static constexpr std::chrono::milliseconds stop_grace{500};

  enum class Expiry : std::uint8_t { none, timeout, stopped };

  SocketDeadline(int socket, const std::stop_token& stop);
  ~SocketDeadline();
  SocketDeadline(const SocketDeadline&) = delete;
  SocketDeadline& operator=(const SocketDeadline&) = delete;

  void start(std::chrono::milliseconds time);
  void clear();
  Expiry expiry() const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  void run();
  void handle_stop();
  Time end() const;

  const int socket_;
  const std::chrono::milliseconds stop_grace_;
  mutable std::mutex mutex_;  // guards the next five
  std::condition_variable wake_;
  std::optional<Time> deadline_;
  std::optional<Time> stop_by_;
  Expiry expiry_ = Expiry::none;
  bool ending_ = false;
  std::thread thread_;
  std::stop_callback<std::function<void()>> on_stop_;  // last member: its callback uses the others
};

}  // namespace gensetd::registry
