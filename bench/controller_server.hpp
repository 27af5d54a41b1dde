#pragma once

#include "sockets.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gensetd::bench {

// A Modbus TCP server that responds at once on every loopback address, one controller per address. One epoll
// loop with one receive and one send per request. Registers 120..201 contain plausible values; some of them
// change with every request. Use: watch epoll() for reading, call run_ready(). One thread.
class ControllerServer {
 public:
  using Clock = std::chrono::steady_clock;

  // One request; reported after its response was sent.
  struct Request {
    std::uint32_t device = 0;  // index of its address
    std::uint16_t first_register = 0;
    Clock::time_point arrived;
  };
  class RequestObserver {
   public:
    virtual void responded(const Request& request) = 0;

   protected:
    ~RequestObserver() = default;
  };

  explicit ControllerServer(std::uint16_t port, RequestObserver* observer = nullptr);

  std::uint16_t port() const { return port_of(listener_); }
  const Descriptor& epoll() const { return epoll_; }
  void run_ready(int patience_ms);  // waits this long for the first request; -1: without limit
  void set_changing(bool changing) { changing_ = changing; }
  std::uint64_t requests() const { return requests_; }
  std::size_t connections() const { return connected_; }

 private:
  struct Connection {
    Descriptor socket;
    std::uint32_t device = 0;
    std::size_t length = 0;
    std::array<std::uint8_t, 260> bytes{};
  };
  void accept_all();
  void serve(std::size_t index);
  void respond(const Connection& connection, const std::uint8_t* request, Clock::time_point arrived);

  Descriptor listener_;
  Descriptor epoll_;
  RequestObserver* observer_;
  std::vector<std::uint8_t> registers_;  // big endian, as sent
  std::vector<std::unique_ptr<Connection>> connections_;
  std::uint64_t requests_ = 0;
  std::size_t connected_ = 0;
  bool changing_ = true;
};

}  // namespace gensetd::bench
