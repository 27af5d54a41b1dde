#pragma once

#include "live/hub.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace gensetd::redis {

struct Options {
  std::string url;                   // redis://[user:password@]host:port/db
  std::chrono::seconds metrics_ttl;  // 0: hashes never expire
};

// Keeps Redis in step with the hub (hash, expiry, publish: one transaction a reading) and brings the readings
// of other processes in from `metrics:updates`. Own connection each for writing and subscribing; both
// reconnect for ever. While Redis is away nothing piles up: a live::Mailbox holds the newest reading of each
// device; one log line at the loss and one at the return, after which every hash is written again. Throws
// std::runtime_error with one line (never the password) for a bad URL. One thread: the io_context's.
class Client {
 public:
  Client(boost::asio::io_context& context, Options options, live::Hub& hub);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start();
  bool healthy() const;       // the last command was answered
  std::string state() const;  // "ok" or what is wrong, for people; no secrets

  // Writes what is still waiting (the last readings), then closes; gives up after `within`.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds within);

 private:
  class Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace gensetd::redis
