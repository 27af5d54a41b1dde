#pragma once

#include "simulator/faults.hpp"
#include "simulator/options.hpp"
#include "simulator/plant.hpp"
#include "simulator/responder.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace gensetd::simulator {

class Session;

// A converter takes eight clients (FIELD-NOTES 3); a controller with Modbus TCP or a gateway somewhat more.
inline constexpr std::size_t converter_clients_max = 8;
inline constexpr std::size_t tcp_clients_max = 64;

// One address of the plant: takes connections, and is what the sessions of these share: the controllers, the
// faults, and the serial line, on which requests of all clients go one after another. As a real converter, it
// copies what comes from the line to all its clients. Use: constructing binds; start(); stop() at the end.
// Kept alive by its coroutine and its sessions.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // Throws std::runtime_error naming address and port when that cannot be bound.
  Listener(boost::asio::io_context& context, const Listening& place, std::size_t index,
           std::shared_ptr<Plant> plant, std::uint64_t seed);

  void start();
  void stop();                         // closes everything at once
  void set_accepting(bool accepting);  // false: resets the connections as well; true may throw as above
  void set_faults(const Faults& faults) { fault_maker_.set(faults); }
  std::uint16_t port() const { return endpoint_.port(); }

  // For the sessions.
  Response respond(std::span<const std::uint8_t> received) const;
  Delivery deliver(Bytes answer) { return fault_maker_.deliver(std::move(answer), protocol_); }

  // When the last byte of an answer to a request that came now is there. Takes the line until then.
  SteadyTime take_line(std::size_t request_length, std::size_t answer_length,
                       std::chrono::milliseconds delay);

  // Sends to `session`, and on RTU to the other clients of the converter too.
  void send(Session& session, std::span<const std::uint8_t> bytes);
  void joined(Session& session) { sessions_.push_back(&session); }
  void left(Session& session) { std::erase(sessions_, &session); }

 private:
  void bind();
  boost::asio::awaitable<void> accept_all();
  bool is_line() const { return serial_pacing_ || protocol_ == modbus::Protocol::rtu_over_tcp; }

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::endpoint endpoint_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;  // after an accept that failed
  const modbus::Protocol protocol_;
  const bool serial_pacing_;
  const std::chrono::nanoseconds character_time_;  // of the line; 0 without pacing
  const std::chrono::milliseconds turnaround_;
  const std::size_t index_;
  std::shared_ptr<Plant> plant_;
  std::array<std::int32_t, 256> controller_of_unit_;  // -1: no such unit
  FaultMaker fault_maker_;
  SteadyTime line_free_at_{};
  std::vector<Session*> sessions_;
  bool started_ = false;
};

}  // namespace gensetd::simulator
