#pragma once

#include "app/daemon_trust.hpp"
#include "app/daemon_url.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>

namespace gensetd::app {

struct HttpRequest {
  bool post = false;
  std::string path;   // "/api/…", behind the daemon's own
  std::string token;  // empty: none
  std::string body;   // JSON, with post
};

struct HttpReply {
  std::string error;  // empty when there is an answer, else at which step it failed
  unsigned status = 0;
  std::string body;
};

// One request on a connection of its own, within `time` in all; of answers over a megabyte there is none.
// An https:// URL needs the trust of trust_of().
boost::asio::awaitable<HttpReply> ask_daemon(DaemonUrl url, Trust trust, HttpRequest request,
                                             std::chrono::milliseconds time);

}  // namespace gensetd::app
