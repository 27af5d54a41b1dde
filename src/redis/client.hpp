#pragma once

#include "live/hub.hpp"
#include "redis/figures.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gensetd::redis {

struct Options {
  std::string url;                   // redis://[user:password@]host:port/db
  std::chrono::seconds metrics_ttl;  // 0: hashes never expire
  // The least expiry of a device's hash, three of its poll intervals; may be empty.
  std::function<std::chrono::seconds(std::int64_t device_id)> ttl_min = {};
  std::string prefix = {};   // of all keys and channels
  reading::Epoch epoch = 0;  // of this run: the messages that name it come back from this daemon itself
};

// Keeps Redis in step with the hub (hash, expiry, publish: one transaction a reading) and brings the readings
// of other processes in from `metrics:updates`. Own connection each for writing and subscribing; both
// reconnect for ever. While Redis is away nothing piles up: a live::Mailbox holds the newest reading of each
// device; one log line at the loss and one at the return, after which every hash is written again. Throws
// std::runtime_error with one line (never the password) for a bad URL. The hub and the io_context outlive it;
// the functions of Options are not called after its end. One thread: the io_context's.
class Client {
 public:
  Client(boost::asio::io_context& context, const Options& options, live::Hub& hub);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start();
  // Publishes the JSON of an event on `events:new`; dropped while Redis is away.
  void announce(const std::string& event);
  bool healthy() const;  // both connections work and Redis took the last reading of every device
  Figures figures() const;
  // "ok" or what is wrong, for people; no secrets. Also when another process writes the same hashes.
  std::string state() const;

  // Writes what is still waiting (the last readings), then closes; gives up after `within`, and at once when
  // there is no connection.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds within);

 private:
  class Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace gensetd::redis
