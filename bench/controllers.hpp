#pragma once

#include "sockets.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gensetd::bench {

// Controllers that answer reads of holding registers by Modbus TCP at once, as many as there are addresses of
// loopback; one epoll loop, a receive and a send for each request and nothing else. Registers 120..201 hold
// plausible values; some of them change with every request. Use: watch epoll() for reading, call run_ready().
// One thread.
class Controllers {
 public:
  using Clock = std::chrono::steady_clock;

  // What the measurement wants to know of each request; called after its answer was sent.
  struct Request {
    std::uint32_t device = 0;  // index of its address
    std::uint16_t first_register = 0;
    Clock::time_point arrived;
  };
  class Witness {
   public:
    virtual void answered(const Request& request) = 0;

   protected:
    ~Witness() = default;
  };

  explicit Controllers(std::uint16_t port, Witness* witness = nullptr);

  std::uint16_t port() const { return port_of(listener_); }
  const Descriptor& epoll() const { return epoll_; }
  void run_ready(int patience_ms);  // waits that long for the first; -1: for ever
  void restless(bool changing) { changing_ = changing; }
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
  void answer(const Connection& connection, const std::uint8_t* request, Clock::time_point arrived);

  Descriptor listener_;
  Descriptor epoll_;
  Witness* witness_;
  std::vector<std::uint8_t> registers_;  // big endian, as they go out
  std::vector<std::unique_ptr<Connection>> connections_;
  std::uint64_t requests_ = 0;
  std::size_t connected_ = 0;
  bool changing_ = true;
};

}  // namespace gensetd::bench
