#pragma once

#include "simulator/faults.hpp"
#include "simulator/options.hpp"
#include "simulator/packer.hpp"
#include "simulator/plant.hpp"
#include "simulator/responder.hpp"
#include "simulator/response_lag.hpp"

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
class ModbusSession;

// A converter accepts eight clients (field notes, 3); a Modbus TCP controller or gateway some more.
inline constexpr std::size_t converter_clients_max = 8;
inline constexpr std::size_t tcp_clients_max = 64;

// The time that an exchange occupies the line.
struct Turn {
  std::chrono::steady_clock::time_point begin;       // of the request
  std::chrono::steady_clock::time_point first_byte;  // of the response
  std::chrono::steady_clock::time_point last_byte;   // its end
};

// One TCP address of the plant. Accepts connections and holds what their sessions share: the controllers, the
// faults, and the serial line, which serves the requests of all clients one after another. Like a real
// converter, it sends the bytes of the line to all its clients. Use: the constructor binds; start(); stop()
// at the end. Kept alive by its coroutine and its sessions.
class ModbusServer : public std::enable_shared_from_this<ModbusServer> {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // Throws std::runtime_error with address and port if the address cannot be bound.
  ModbusServer(boost::asio::io_context& context, const ModbusServerOptions& place, std::size_t index,
               std::shared_ptr<Plant> plant, std::uint64_t seed);

  void start();
  void stop();  // closes all connections at once
  void set_accepting(
      bool accepting);  // false: also resets the connections; true: may throw like the constructor
  void set_faults(const LineFaults& faults) { fault_maker_.set(faults); }
  void set_trace(std::function<void(const std::string&)> trace) { trace_ = std::move(trace); }
  std::uint16_t port() const { return endpoint_.port(); }

  // For the sessions and the foreign master.
  bool is_rtu() const { return protocol_ == modbus::Protocol::rtu_over_tcp; }
  bool is_silent() const;  // an outage
  HandledRequest respond(std::span<const std::uint8_t> received) const;
  Delivery deliver(const HandledRequest& handled);  // requires a response
  // The bytes to send when `response` is due: an earlier response if responses lag, with the transaction id
  // of the options; empty: none yet. `connection_lag`: the lag of this connection.
  std::optional<Bytes> next_to_send(Bytes response, ResponseLag& connection_lag);
  const ConnectionBehaviour& connection_behaviour() const { return connection_behaviour_; }
  const ConverterIdentity& identity() const { return identity_; }
  const UnsolicitedData& unsolicited_data() const { return unsolicited_data_; }
  std::uint64_t seed_of_client() const;  // of the newest client

  // Reserves the line for an exchange that is requested now.
  Turn reserve_line(std::size_t request_length, std::size_t response_length, std::chrono::milliseconds delay);

  // On RTU: sends `segments` over the line from `begin` on, and to all clients in the converter's packets.
  // Returns when the last one ends.
  SteadyTime send_on_line(std::span<const Segment> segments, SteadyTime begin);

  // On Modbus TCP: sends to `client`, and to all other clients if responses are copied.
  void send_to(ModbusSession& client, std::span<const std::uint8_t> bytes);

  void add(ModbusSession& session) { sessions_.push_back(&session); }
  void remove(ModbusSession& session) { std::erase(sessions_, &session); }
  void trace(const std::string& who, const std::string& what) const;

 private:
  void bind();
  boost::asio::awaitable<void> accept_all();
  void admit(boost::asio::ip::tcp::socket socket);
  void send_due_packets();
  const RegisterBank* registers_of(std::uint8_t unit_id) const;
  bool is_line() const { return serial_pacing_ || is_rtu(); }

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::endpoint endpoint_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;    // after a failed accept
  boost::asio::steady_timer packing_;  // until the next packet is due
  const modbus::Protocol protocol_;
  const bool serial_pacing_;
  const std::chrono::nanoseconds character_time_;  // 0 without pacing
  const std::chrono::milliseconds turnaround_;
  const std::size_t clients_max_;
  const ReadLimits limits_;
  const LineOutage outage_;
  const ConverterIdentity identity_;
  const UnsolicitedData unsolicited_data_;
  const ConnectionBehaviour connection_behaviour_;
  const bool copies_responses_;
  const std::uint64_t seed_;
  const std::size_t index_;
  std::shared_ptr<Plant> plant_;
  std::array<std::int32_t, 256> controller_of_unit_;  // -1: there is no such unit
  FaultInjector fault_maker_;
  ResponseLag gateway_lag_;
  Packer packer_;
  std::shared_ptr<ForeignMaster> foreign_master_;  // or null
  SteadyTime line_free_at_{};
  SteadyTime started_at_{};
  std::vector<ModbusSession*> sessions_;
  std::uint64_t clients_ = 0;  // accepted so far
  std::function<void(const std::string&)> trace_;
  bool started_ = false;
};

}  // namespace gensetd::simulator
