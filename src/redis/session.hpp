#pragma once

#include "redis/connection.hpp"
#include "redis/health.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>

namespace gensetd::redis {

// Runs a dialogue without end: one connection after another, with a growing pause between them. Owned by its
// coroutine and by RedisClient.
class RedisSession : public std::enable_shared_from_this<RedisSession> {
 public:
  static constexpr std::chrono::milliseconds pause_min{500};
  static constexpr std::chrono::milliseconds pause_max{5000};

  RedisSession(boost::asio::io_context& context, const RedisAddress& address, RedisHealth::Role part,
               std::shared_ptr<RedisHealth> health, std::shared_ptr<Dialogue> dialogue);

  void start();
  void stop();  // closes at once

 private:
  boost::asio::awaitable<void> run();

  boost::asio::io_context& context_;
  const RedisHealth::Role part_;
  const std::shared_ptr<RedisHealth> health_;
  const std::shared_ptr<Dialogue> dialogue_;
  RedisConnection connection_;
  boost::asio::steady_timer pause_;
  bool stopped_ = false;
};

}  // namespace gensetd::redis
