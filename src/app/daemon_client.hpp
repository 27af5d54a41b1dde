#pragma once

#include "app/read_options.hpp"
#include "http/server.hpp"

#include <boost/asio/awaitable.hpp>

namespace gensetd::app {

// Reads through a running daemon, which reads through the connection that it polls by. Use: await read(),
// again and again if wanted, one at a time.
class DaemonClient {
 public:
  explicit DaemonClient(const ReadJob& job) : job_(job) {}  // with a via; outlives this

  // What the daemon found, or in `error` at which step, of the controller or of the daemon, it failed.
  boost::asio::awaitable<http::ReadNowResult> read();

 private:
  boost::asio::awaitable<std::string> fetch_profile();  // the error, or empty

  const ReadJob& job_;
  profile::ProfilePtr profile_;  // the daemon's
};

}  // namespace gensetd::app
