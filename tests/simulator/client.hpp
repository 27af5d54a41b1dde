#pragma once

#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"
#include "simulator/responder.hpp"
#include "simulator/simulator.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>

namespace gensetd::simulator {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A connection to the simulator whose bytes the test controls and records.
class SimulatorClient {
 public:
  SimulatorClient(boost::asio::io_context& context, std::uint16_t port) : socket_(context) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    listen();
  }
  ~SimulatorClient() { socket_.close(); }
  SimulatorClient(const SimulatorClient&) = delete;
  SimulatorClient& operator=(const SimulatorClient&) = delete;

  void send(const Bytes& bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
  void read_rtu(const modbus::ReadRequest& request) { send_frame(modbus::encode_rtu(request)); }
  void read_tcp(const modbus::ReadRequest& request, std::uint16_t id) {
    send_frame(modbus::encode_tcp(request, id));
  }

  Bytes received;
  std::size_t segments = 0;
  steady_clock::time_point last_byte;
  boost::system::error_code ended;  // why the connection ended

 private:
  template <class Frame>
  void send_frame(const Frame& frame) {
    send(Bytes(frame.begin(), frame.end()));
  }

  void listen() {
    socket_.async_read_some(boost::asio::buffer(chunk_), [this](boost::system::error_code failed,
                                                                std::size_t length) {
      if (failed == boost::asio::error::operation_aborted) return;
      ended = failed;
      if (failed) return;
      received.insert(received.end(), chunk_.begin(), chunk_.begin() + static_cast<std::ptrdiff_t>(length));
      ++segments;
      last_byte = steady_clock::now();
      listen();
    });
  }

  boost::asio::ip::tcp::socket socket_;
  std::array<std::uint8_t, 2'048> chunk_{};
};

// A simulator on free ports and the loop that it runs on.
class WithSimulator : public testing::Test {
 protected:
  void simulate(SimulatorOptions options) {
    simulator = std::make_unique<Simulator>(context, std::move(options));
    simulator->start();
  }

  // Two HGM9520N with unit ids 1 and 2 at one address; register 260 of unit n reads 100 * n.
  void simulate_pair(modbus::Protocol protocol, bool paced = false,
                     milliseconds turnaround = milliseconds{60}) {
    const profile::ProfilePtr genset = profile::Catalog::built_in().find("hgm9520n");
    ModbusServerOptions place{.protocol = protocol, .serial_pacing = paced, .turnaround = turnaround};
    place.controllers = {{.profile = genset, .unit_id = 1, .site = "A"},
                         {.profile = genset, .unit_id = 2, .site = "A"}};
    simulate({.servers = {place}});
    simulator->set_register(0, 0, 260, 100);
    simulator->set_register(0, 1, 260, 200);
  }

  std::unique_ptr<SimulatorClient> connect(std::size_t server = 0) {
    return std::make_unique<SimulatorClient>(context, simulator->ports().at(server));
  }

  // Runs until `done`; fails the test when that takes too long.
  void run_until(const std::function<bool()>& done) {
    const auto limit = steady_clock::now() + std::chrono::seconds{30};
    while (!done()) {
      ASSERT_LT(steady_clock::now(), limit) << "did not finish";
      context.run_one_for(milliseconds{100});
    }
  }

  boost::asio::io_context context{1};
  std::unique_ptr<Simulator> simulator;
};

}  // namespace gensetd::simulator
