#pragma once

#include "redis/connection.hpp"
#include "redis/health.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>

namespace gensetd::redis {

// A dialogue kept going for ever: connection after connection, with a growing pause between them. Owned by
// its coroutine and by Client.
class Session : public std::enable_shared_from_this<Session> {
 public:
  static constexpr std::chrono::milliseconds pause_min{500};
  static constexpr std::chrono::milliseconds pause_max{5000};

  Session(boost::asio::io_context& context, const Address& address, Health::Part part,
          std::shared_ptr<Health> health, std::shared_ptr<Dialogue> dialogue);

  void start();
  void stop();  // closes at once

 private:
  boost::asio::awaitable<void> run();

  boost::asio::io_context& context_;
  const Health::Part part_;
  const std::shared_ptr<Health> health_;
  const std::shared_ptr<Dialogue> dialogue_;
  Connection connection_;
  boost::asio::steady_timer pause_;
  bool stopped_ = false;
};

}  // namespace gensetd::redis
