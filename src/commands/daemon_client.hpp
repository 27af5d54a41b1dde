#pragma once

#include "api/api_services.hpp"
#include "commands/read_options.hpp"

#include <boost/asio/awaitable.hpp>

namespace gensetd::commands {

// Reads a controller through a running daemon, which uses the connection by which it polls. Use: await
// read(); it can be repeated, one call at a time.
class DaemonClient {
 public:
  // `job` must contain `via`, and outlive this.
  explicit DaemonClient(const ReadJob& job) : job_(job) {}

  // The result; when it failed, `error` says at which step, of the controller or of the daemon.
  boost::asio::awaitable<api::ReadNowResult> read();

 private:
  boost::asio::awaitable<std::string> fetch_profile();  // the error, or empty

  const ReadJob& job_;
  profile::ProfilePtr profile_;  // the daemon's
};

}  // namespace gensetd::commands
