#pragma once

#include "simulator/faults.hpp"
#include "simulator/listener.hpp"
#include "simulator/one_behind.hpp"
#include "simulator/strays.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace gensetd::simulator {

inline constexpr std::size_t receive_bytes_max =
    1'024;                                            // while a request is served, no more is read than this
inline constexpr std::size_t held_bytes_max = 1'024;  // answers held back beyond this are lost
inline constexpr std::size_t late_answers_max = 16;   // late answers on their way beyond this are lost

// One connection: reads requests, has each answered, and sends what the faults leave of the answer. Serves
// one request after another. Owned by its coroutine; known to its listener while it lives.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Listener> listener, boost::asio::ip::tcp::socket socket, std::string name);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  boost::asio::awaitable<void> run();

  void close();
  void reset();  // closes so that the peer sees 'connection reset'

  // Sends at once or not at all: a peer that does not take a few hundred bytes is disconnected. Nothing goes
  // during an outage, or when the connection hangs.
  void put(std::span<const std::uint8_t> bytes);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  boost::asio::awaitable<void> serve(Response response);
  boost::asio::awaitable<void> send(std::vector<Segment> segments, SteadyTime first_byte);
  boost::asio::awaitable<void> send_late(LateBytes late);
  boost::asio::awaitable<void> wait_until(SteadyTime time);
  boost::asio::awaitable<void> repeat(std::chrono::milliseconds period, void (Session::*act)());
  void start_habits();
  void start(std::chrono::milliseconds period, void (Session::*act)());
  void send_identity();
  void send_strays();
  void close_if_idle();
  bool is_deaf() const;
  void trace(const Response& response) const;
  void drop_torn_request();
  void hold(const std::vector<Segment>& segments);

  std::shared_ptr<Listener> listener_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer pause_;
  std::list<boost::asio::steady_timer> late_;  // one for each late answer on its way
  std::array<std::uint8_t, receive_bytes_max> received_{};
  std::size_t received_length_ = 0;
  SteadyTime last_byte_{};
  const SteadyTime connected_at_ = std::chrono::steady_clock::now();
  std::list<boost::asio::steady_timer> habits_;  // one for each thing that the device does by itself
  OneBehind behind_;
  Random random_;  // of the strays
  LastRequest last_request_;
  std::uint64_t responses_ = 0;
  Bytes held_;
  const std::string name_;
  bool serves_ = false;  // a request is pending
  bool hangs_ = false;
};

}  // namespace gensetd::simulator
