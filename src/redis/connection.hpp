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

// One connection at a time: resolve, connect, log in, then carry a dialogue until it fails. Every wait has a
// deadline: opening takes open_max at most, and no byte for answer_max while a reply is awaited is a loss; an
// idle connection is asked by PING. Must outlive its coroutine.
class Connection {
 public:
  static constexpr std::chrono::milliseconds tick{500};
  static constexpr int answer_ticks_max = 5;  // 2.0 to 2.5 s, for the first tick has begun already
  static constexpr int idle_ticks_max = 10;   // 5 s
  static constexpr std::chrono::seconds open_max{3};

  Connection(boost::asio::io_context& context, Address address, std::string client_name);

  // Opens, carries `dialogue`, closes; gives the reason of the end.
  boost::asio::awaitable<Failure> run(Dialogue& dialogue);

  void wake() { wake_.cancel(); }
  void close();  // ends run() soon, for good

 private:
  enum class Step { login, select, name, ping };

  boost::asio::awaitable<Failure> open_in_time();
  boost::asio::awaitable<Failure> open();
  boost::asio::awaitable<Failure> log_in();
  boost::asio::awaitable<Failure> carry(Dialogue& dialogue);
  boost::asio::awaitable<Failure> guarded(boost::asio::awaitable<Failure> part);
  boost::asio::awaitable<Failure> receive(Dialogue& dialogue);
  boost::asio::awaitable<Failure> send(Dialogue& dialogue);
  boost::asio::awaitable<Failure> watch(Dialogue& dialogue);
  boost::asio::awaitable<Failure> read_some();
  void compose(Dialogue& dialogue, std::string& outgoing);
  std::vector<Step> append_login(std::string& outgoing) const;
  Failure judge(Step step, const Reply& reply) const;

  const Address address_;
  const std::string client_name_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer wake_;      // ends the sleep of send()
  boost::asio::steady_timer tick_;      // the pace of watch()
  boost::asio::steady_timer deadline_;  // of opening
  std::optional<ReplyReader> reader_;   // of this connection
  std::vector<char> received_;
  int silent_ticks_ = 0;  // since the last byte came, or since a reply began to be awaited
  bool ping_due_ = false;
  bool over_ = false;    // this connection has failed: the other coroutines end
  bool closed_ = false;  // for good
};

}  // namespace gensetd::redis
