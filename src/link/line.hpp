#pragma once

#include "link/late_answers.hpp"
#include "link/transaction.hpp"
#include "modbus/frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::link {

// The life of one connection, as one coroutine: wait for work, connect, ask, listen, tell; again. Owned by
// its coroutine and by Link. Invariant: at most one request is on the wire.
class Line : public std::enable_shared_from_this<Line> {
 public:
  Line(boost::asio::io_context& context, std::string host, std::uint16_t port);

  void start();
  void stop();  // closes at once; nothing more is told to anybody
  void submit(Requester& requester, const Transaction& transaction);
  void withdraw(Requester& requester);
  const Counters& counters() const { return counters_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    Requester* requester;
    Transaction transaction;
  };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<bool> next_turn();
  boost::asio::awaitable<Outcome> carry_out();
  boost::asio::awaitable<Outcome> connect();
  boost::asio::awaitable<Outcome> try_endpoint(const boost::asio::ip::tcp::endpoint& endpoint);
  boost::asio::awaitable<Outcome> exchange();
  boost::asio::awaitable<Outcome> listen();
  boost::asio::awaitable<bool> quiet_line();

  bool drain();  // false: the peer has closed
  bool send_was_lost(const Outcome& outcome) const;
  std::optional<Outcome> look_at_received();
  void note_mismatch(modbus::Mismatch why, std::size_t length);
  Outcome timed_out();
  Outcome failure(boost::system::error_code error, boost::system::error_code cause = {}) const;
  void fail_all(const Outcome& outcome);
  void tell(const Outcome& outcome);
  void close();
  void allow(std::chrono::milliseconds time);
  void watch_deadline();
  bool expired() const { return std::chrono::steady_clock::now() >= deadline_; }

  boost::asio::io_context& context_;
  const std::string host_;
  const std::uint16_t port_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer turn_;   // wakes run(): work came, or a late answer can no longer come
  boost::asio::steady_timer pause_;  // the request gap
  boost::asio::steady_timer
      deadline_timer_;  // wakes at the earliest deadline; re-armed only when it has passed
  SteadyTime deadline_{};
  bool watching_ = false;
  bool stopped_ = false;

  std::deque<Waiting> waiting_;
  Requester* asking_ = nullptr;  // whose transaction is on the wire; null when it was withdrawn
  Transaction current_;
  std::uint16_t transaction_id_ = 0;
  std::array<std::uint8_t, modbus::tcp_frame_max * 2> received_{};
  std::size_t received_length_ = 0;
  std::size_t answered_bytes_ = 0;  // came since the request was sent
  std::optional<modbus::Mismatch> last_mismatch_;
  int silent_in_a_row_ = 0;  // requests without a byte of answer on this connection
  SteadyTime last_byte_{};
  LateAnswers late_answers_;
  Counters counters_;
};

}  // namespace gensetd::link
