#pragma once

#include "server/server_limits.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace gensetd::server {

// "127.0.0.1:51234", "[::1]:51234".
std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

// The interface by which Connections ends a client's connection.
class ClientConnection {
 public:
  virtual void finish() = 0;                                          // end after the current response
  virtual void abort() = 0;                                           // end at once
  virtual void check(std::chrono::steady_clock::time_point now) = 0;  // end if a deadline has passed

 protected:
  ~ClientConnection() = default;
};

// A refusal responds 429 or 503 to the only request of a connection beyond a limit; it does not count towards
// that limit.
enum class ConnectionPurpose : std::uint8_t { requests, websocket, refusal };

// Whether a new connection is accepted, or which limit it would exceed.
enum class Admission : std::uint8_t { accepted, address_limit_reached, limit_reached };

// All open connections, with their limits. One thread.
class Connections {
 public:
  // open_max: how many connections the process can have open at this moment, in addition to the fixed limits;
  // may be empty.
  Connections(boost::asio::io_context& context, const ServerLimits& limits,
              std::function<std::size_t()> open_max = {})
      : limits_(limits), open_max_(std::move(open_max)), ended_(context) {
    ended_.expires_at(never);
  }

  // Counts a connection for as long as the registration exists.
  class Registration {
   public:
    Registration(Connections& all, ClientConnection& connection, const boost::asio::ip::address& from,
                 ConnectionPurpose purpose);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    Connections& all_;
    ClientConnection& connection_;
    boost::asio::ip::address client_;
    ConnectionPurpose purpose_;
  };

  Admission admission(const boost::asio::ip::address& from) const;
  bool has_capacity_for_refusal() const;
  bool has_capacity_for_websocket() const { return websockets_ < limits_.websockets; }
  bool empty() const { return all_.empty(); }
  bool finishing() const { return finishing_; }
  std::size_t websockets() const { return websockets_; }
  std::size_t sessions() const { return all_.size() - websockets_ - refusals_; }  // HTTP
  std::uint64_t refused() const { return refused_; }                              // since the start

  void finish_all();
  void abort_all();
  void check_all(std::chrono::steady_clock::time_point now);
  boost::asio::steady_timer& ended() { return ended_; }  // cancelled when the last connection ends

 private:
  static constexpr auto never = std::chrono::steady_clock::time_point::max();

  // Simultaneous refusals; further connections are closed without a response.
  static constexpr std::size_t refusals_max = 32;

  // The part of open_max() that is kept for refusals.
  static constexpr std::size_t reserved_for_refusals = 4;

  template <class Do>
  void for_each(Do act);

  const ServerLimits limits_;
  const std::function<std::size_t()> open_max_;
  std::set<ClientConnection*> all_;
  std::map<boost::asio::ip::address, std::size_t> by_client_;
  std::size_t websockets_ = 0;
  std::size_t refusals_ = 0;
  std::uint64_t refused_ = 0;
  bool finishing_ = false;
  boost::asio::steady_timer ended_;
};

}  // namespace gensetd::server
