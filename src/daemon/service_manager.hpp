#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/datagram_protocol.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::daemon {

// The environment of a service with Type=notify (sd_notify(3), sd_watchdog_enabled(3)).
struct ServiceEnvironment {
  std::string socket;  // for datagrams: a path, or '\0' and an abstract name; empty: no service manager
  std::optional<std::chrono::microseconds>
      watchdog;  // the service is killed after this time without a notification
};

// From the values of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; null or empty: not set. A watchdog for
// another process, or with an invalid value, is ignored.
ServiceEnvironment service_environment(const char* notify_socket, const char* watchdog_usec,
                                       const char* watchdog_pid, long own_pid);

// Notifies the service manager of the daemon's state. Use: construct, ready() once it serves, stopping() when
// it begins to stop. From ready() on, a timer of the context notifies the watchdog while `is_healthy` returns
// true. So the notifications end when the context stops running or `is_healthy` reports a fault. Nothing here
// blocks: a message that cannot be sent is dropped.
class ServiceManager {
 public:
  ServiceManager(boost::asio::io_context& context, ServiceEnvironment environment,
                 std::function<bool()> is_healthy);

  void ready(std::string_view status);
  void stopping();

 private:
  boost::asio::awaitable<void> feed_watchdog(std::chrono::microseconds interval);
  void notify(std::string_view message);

  boost::asio::io_context& context_;
  ServiceEnvironment environment_;
  std::function<bool()> is_healthy_;
  boost::asio::local::datagram_protocol::socket socket_;
  bool failure_logged_ = false;
};

}  // namespace gensetd::daemon
