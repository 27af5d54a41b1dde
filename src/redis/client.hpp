#pragma once

#include "live/hub.hpp"
#include "redis/metrics.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gensetd::redis {

struct RedisOptions {
  std::string url;                   // redis://[user:password@]host:port/db
  std::chrono::seconds metrics_ttl;  // expiry of a hash; 0: hashes never expire
  // Minimum expiry of a device's hash; may be empty.
  std::function<std::chrono::seconds(std::int64_t device_id)> ttl_min = {};
  std::string prefix = {};   // of all keys and channels
  reading::Epoch epoch = 0;  // of this run: messages with it are this daemon's own
};

// Writes each reading of the hub to Redis (hash, expiry, publish: one transaction per reading) and publishes
// readings of other processes from `metrics:updates` on the hub. Writing and subscribing have a connection
// each; both reconnect without end. While Redis is unreachable, memory does not grow: a live::Mailbox holds
// the newest reading of each device. There is one log line at the loss and one when both connections work
// again; then every hash is rewritten. The constructor throws std::runtime_error with one line (never the
// password) for an invalid URL. The hub and the io_context must outlive the client. The functions of
// RedisOptions are not called after its destruction. One thread: that of the io_context.
class RedisClient {
 public:
  RedisClient(boost::asio::io_context& context, const RedisOptions& options, live::Hub& hub);
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  void start();
  // Publishes the JSON of an event on `events:new`; dropped while there is no connection.
  void publish_event(const std::string& event);
  // Both connections work, and Redis accepted the last reading of every device.
  bool is_healthy() const;
  RedisMetrics metrics() const;
  // "ok", or one line for people that says what is wrong; no secrets. It also reports that another process
  // writes the same hashes.
  std::string state() const;

  // Writes the readings that are still queued, then closes. Gives up after `within`, and at once when there
  // is no connection.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds within);

 private:
  class Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace gensetd::redis
