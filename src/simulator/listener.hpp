#pragma once

#include "simulator/faults.hpp"
#include "simulator/one_behind.hpp"
#include "simulator/options.hpp"
#include "simulator/packer.hpp"
#include "simulator/plant.hpp"
#include "simulator/responder.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gensetd::simulator {

class ForeignMaster;
class Session;

// A converter takes eight clients (FIELD-NOTES 3); a controller with Modbus TCP or a gateway somewhat more.
inline constexpr std::size_t converter_clients_max = 8;
inline constexpr std::size_t tcp_clients_max = 64;

// When an exchange has the line.
struct Turn {
  std::chrono::steady_clock::time_point begin;       // of the request
  std::chrono::steady_clock::time_point first_byte;  // of the answer
  std::chrono::steady_clock::time_point last_byte;   // its end
};

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
  void set_trace(std::function<void(const std::string&)> trace) { trace_ = std::move(trace); }
  std::uint16_t port() const { return endpoint_.port(); }

  // For the sessions and the foreign master.
  bool is_rtu() const { return protocol_ == modbus::Protocol::rtu_over_tcp; }
  bool is_silent() const;  // an outage
  Response respond(std::span<const std::uint8_t> received) const;
  Delivery deliver(const Response& response);  // of a response with an answer
  // What is sent when `response` is due, where responses come one request late or their ids are not echoed;
  // empty: nothing yet. `of_connection`: that of the connection.
  std::optional<Bytes> in_turn(Bytes response, OneBehind& of_connection);
  const ConnectionHabits& connections() const { return connections_; }
  const Identity& identity() const { return identity_; }
  const IdleStrays& idle_strays() const { return idle_strays_; }
  std::uint64_t seed_of_client() const;  // of the newest one

  // Takes the line for an exchange that is asked for now.
  Turn take_line(std::size_t request_length, std::size_t answer_length, std::chrono::milliseconds delay);

  // On RTU: `segments` go over the line from `begin` on, and to all clients of the converter as it packs
  // them. Gives the end of the last.
  SteadyTime put_on_line(std::span<const Segment> segments, SteadyTime begin);

  // On Modbus TCP: to `client`, and to all others where responses are copied.
  void send_to(Session& client, std::span<const std::uint8_t> bytes);

  void joined(Session& session) { sessions_.push_back(&session); }
  void left(Session& session) { std::erase(sessions_, &session); }
  void trace(const std::string& who, const std::string& what) const;

 private:
  void bind();
  boost::asio::awaitable<void> accept_all();
  void greet(boost::asio::ip::tcp::socket socket);
  void pass_on();
  const RegisterBank* registers_of(std::uint8_t unit_id) const;
  bool is_line() const { return serial_pacing_ || is_rtu(); }

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::endpoint endpoint_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;    // after an accept that failed
  boost::asio::steady_timer packing_;  // until the next packet is due
  const modbus::Protocol protocol_;
  const bool serial_pacing_;
  const std::chrono::nanoseconds character_time_;  // of the line; 0 without pacing
  const std::chrono::milliseconds turnaround_;
  const std::size_t clients_max_;
  const Limits limits_;
  const Outage outage_;
  const Identity identity_;
  const IdleStrays idle_strays_;
  const ConnectionHabits connections_;
  const bool copies_responses_;
  const std::uint64_t seed_;
  const std::size_t index_;
  std::shared_ptr<Plant> plant_;
  std::array<std::int32_t, 256> controller_of_unit_;  // -1: no such unit
  FaultMaker fault_maker_;
  OneBehind gateway_behind_;
  Packer packer_;
  std::shared_ptr<ForeignMaster> foreign_master_;  // or null
  SteadyTime line_free_at_{};
  SteadyTime started_at_{};
  std::vector<Session*> sessions_;
  std::uint64_t clients_ = 0;  // seen so far
  std::function<void(const std::string&)> trace_;
  bool started_ = false;
};

}  // namespace gensetd::simulator
