#pragma once

#include "commands/daemon_tls.hpp"
#include "commands/daemon_url.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>

namespace gensetd::commands {

struct DaemonRequest {
  bool post = false;
  std::string path;   // "/api/…", appended to that of the URL
  std::string token;  // empty: none
  std::string body;   // JSON, with post
};

struct DaemonResponse {
  std::string error;  // at which step the request failed; empty when there is a response
  unsigned status = 0;
  std::string body;
};

// Sends one request on a new connection. `time` limits the whole exchange after the name lookup; a response
// larger than 1 MiB is an error. An https:// URL needs the context of make_tls_context().
boost::asio::awaitable<DaemonResponse> send_request(DaemonUrl url, TlsContext tls, DaemonRequest request,
                                                    std::chrono::milliseconds time);

}  // namespace gensetd::commands
