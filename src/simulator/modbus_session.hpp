#pragma once

#include "simulator/faults.hpp"
#include "simulator/modbus_server.hpp"
#include "simulator/response_lag.hpp"
#include "simulator/unsolicited_data.hpp"

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

inline constexpr std::size_t receive_bytes_max = 1'024;  // buffered while a request is served
inline constexpr std::size_t held_bytes_max = 1'024;     // held responses beyond this are dropped
inline constexpr std::size_t late_responses_max = 16;    // pending late responses beyond this are dropped

// One connection: reads requests and sends the responses with their faults, one request after another. Owned
// by its coroutine; registered with its server during its lifetime.
class ModbusSession : public std::enable_shared_from_this<ModbusSession> {
 public:
  ModbusSession(std::shared_ptr<ModbusServer> server, boost::asio::ip::tcp::socket socket, std::string name);
  ~ModbusSession();
  ModbusSession(const ModbusSession&) = delete;
  ModbusSession& operator=(const ModbusSession&) = delete;

  boost::asio::awaitable<void> run();

  void close();
  void reset();  // closes so that the peer gets 'connection reset'

  // Sends without waiting: a peer whose socket does not accept all bytes is disconnected. Sends nothing
  // during an outage or when the connection hangs.
  void send_at_once(std::span<const std::uint8_t> bytes);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  boost::asio::awaitable<void> serve(HandledRequest handled);
  boost::asio::awaitable<void> send(std::vector<Segment> segments, SteadyTime first_byte);
  boost::asio::awaitable<void> send_late(DelayedBytes late);
  boost::asio::awaitable<void> wait_until(SteadyTime time);
  boost::asio::awaitable<void> repeat(std::chrono::milliseconds period, void (ModbusSession::*act)());
  void start_periodic_tasks();
  void start(std::chrono::milliseconds period, void (ModbusSession::*act)());
  void send_identity();
  void send_unsolicited();
  void close_if_idle();
  bool ignores_requests() const;
  void trace(const HandledRequest& handled) const;
  void drop_torn_request();
  void hold(const std::vector<Segment>& segments);

  std::shared_ptr<ModbusServer> server_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer pause_;
  std::list<boost::asio::steady_timer> late_;  // one for each pending late response
  std::array<std::uint8_t, receive_bytes_max> received_{};
  std::size_t received_length_ = 0;
  SteadyTime last_byte_{};
  const SteadyTime connected_at_ = std::chrono::steady_clock::now();
  std::list<boost::asio::steady_timer> periodic_timers_;  // one for each periodic task of the device
  ResponseLag lag_;
  Random random_;  // for unsolicited frames
  LastRequest last_request_;
  std::uint64_t responses_ = 0;
  Bytes held_;
  const std::string name_;
  bool is_serving_ = false;  // a request is pending
  bool hangs_ = false;
};

}  // namespace gensetd::simulator
