#pragma once

#include "redis/dialogue.hpp"
#include "redis/url.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::redis {

// One connection at a time: resolve, connect, log in, then exchange the commands and replies of a Dialogue
// until the connection fails. Every wait has a deadline: opening takes at most open_max; a connection is lost
// when a reply is pending and no byte arrives for response_ticks_max ticks; an idle connection is tested by
// PING. Must outlive its coroutine.
class RedisConnection {
 public:
  static constexpr std::chrono::milliseconds tick{500};
  static constexpr int response_ticks_max = 5;  // 2.0 to 2.5 s: the first tick is partly over
  static constexpr int idle_ticks_max = 10;     // 5 s
  static constexpr std::chrono::seconds open_max{3};

  RedisConnection(boost::asio::io_context& context, RedisAddress address, std::string client_name);

  // Opens, runs `dialogue`, closes. Returns why the connection ended.
  boost::asio::awaitable<RedisFailure> run(Dialogue& dialogue);

  void wake() { wake_.cancel(); }
  void close();  // ends run() soon; it cannot be run again

 private:
  enum class Step { login, select, name, ping };

  boost::asio::awaitable<RedisFailure> open_in_time();
  boost::asio::awaitable<RedisFailure> open();
  boost::asio::awaitable<RedisFailure> log_in();
  boost::asio::awaitable<RedisFailure> carry(Dialogue& dialogue);
  boost::asio::awaitable<RedisFailure> guarded(boost::asio::awaitable<RedisFailure> part);
  boost::asio::awaitable<RedisFailure> receive(Dialogue& dialogue);
  boost::asio::awaitable<RedisFailure> send(Dialogue& dialogue);
  boost::asio::awaitable<RedisFailure> watch(Dialogue& dialogue);
  boost::asio::awaitable<RedisFailure> read_some();
  void compose(Dialogue& dialogue, std::string& outgoing);
  std::vector<Step> append_login(std::string& outgoing) const;
  RedisFailure judge(Step step, const RedisReply& reply) const;

  const RedisAddress address_;
  const std::string client_name_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer wake_;      // ends the sleep of send()
  boost::asio::steady_timer tick_;      // of watch()
  boost::asio::steady_timer deadline_;  // of opening
  std::optional<ReplyReader> reader_;   // of this connection
  std::vector<char> received_;
  int silent_ticks_ = 0;  // since the last byte arrived, or since a reply became pending
  bool ping_due_ = false;
  bool over_ = false;    // this connection has failed: the other coroutines end
  bool closed_ = false;  // by close()
};

}  // namespace gensetd::redis
