#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/datagram_protocol.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::app {

// What the environment of a service of Type=notify says (sd_notify(3), sd_watchdog_enabled(3)).
struct ServiceEnvironment {
  std::string socket;  // of datagrams: a path, or '\0' and an abstract name; empty: nobody wants to be told
  std::optional<std::chrono::microseconds> watchdog;  // killed when nothing was told for so long
};

// From the values of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; null or empty is not set. A watchdog that
// is meant for another process, or that cannot be read, is none.
ServiceEnvironment service_environment(const char* notify_socket, const char* watchdog_usec,
                                       const char* watchdog_pid, long own_pid);

// Tells the service manager how the daemon is. Use: construct, ready() once it serves, stopping() when it
// begins to stop. From ready() on the watchdog is fed by a timer of the context while `works` returns true,
// so it is fed exactly as long as the context and all that `works` looks at do their work. Nothing here
// waits: a message that cannot be sent is dropped.
class ServiceManager {
 public:
  ServiceManager(boost::asio::io_context& context, ServiceEnvironment environment,
                 std::function<bool()> works);

  void ready(std::string_view status);
  void stopping();

 private:
  boost::asio::awaitable<void> feed_watchdog(std::chrono::microseconds interval);
  void tell(std::string_view message);

  boost::asio::io_context& context_;
  ServiceEnvironment environment_;
  std::function<bool()> works_;
  boost::asio::local::datagram_protocol::socket socket_;
  bool said_failure_ = false;
};

}  // namespace gensetd::app
