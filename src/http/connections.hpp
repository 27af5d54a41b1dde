#pragma once

#include "http/limits.hpp"

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

namespace gensetd::http {

// "127.0.0.1:51234", "[::1]:51234".
std::string shown(const boost::asio::ip::tcp::endpoint& endpoint);

// One client's connection, seen by the server.
class Connection {
 public:
  virtual void finish() = 0;  // end when what is being answered is answered
  virtual void abort() = 0;   // end at once
  virtual void check(std::chrono::steady_clock::time_point now) = 0;  // end what takes too long

 protected:
  ~Connection() = default;
};

// What a connection is there for. A refusal is answered 429 or 503 and takes the place of nobody.
enum class Purpose : std::uint8_t { requests, websocket, refusal };

// Whether one more connection is served.
enum class Room : std::uint8_t { free, full_for_address, full };

// Who is connected. One thread.
class Connections {
 public:
  // possible: how many connections the process can have open now, beside the limit; may be empty.
  Connections(boost::asio::io_context& context, const Limits& limits,
              std::function<std::size_t()> possible = {})
      : limits_(limits), possible_(std::move(possible)), ended_(context) {
    ended_.expires_at(never);
  }

  // Counts the connection while it lives.
  class Place {
   public:
    Place(Connections& all, Connection& connection, const boost::asio::ip::address& from, Purpose purpose);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Connections& all_;
    Connection& connection_;
    boost::asio::ip::address client_;
    Purpose purpose_;
  };

  Room room(const boost::asio::ip::address& from) const;
  bool has_room_for_refusal() const;
  bool has_room_for_websocket() const { return websockets_ < limits_.websockets; }
  bool empty() const { return all_.empty(); }
  bool finishing() const { return finishing_; }
  std::size_t websockets() const { return websockets_; }
  std::size_t sessions() const { return all_.size() - websockets_ - refusals_; }  // HTTP
  std::uint64_t refused() const { return refused_; }                              // since the start

  void finish_all();
  void abort_all();
  void check_all(std::chrono::steady_clock::time_point now);
  boost::asio::steady_timer& ended() { return ended_; }  // cancelled when the last one ends

 private:
  static constexpr auto never = std::chrono::steady_clock::time_point::max();
  static constexpr std::size_t refusals_max = 32;  // at once; beyond it, connections are closed unanswered

  // Kept of what is possible for connections that are only told that there is no room.
  static constexpr std::size_t possible_refusals = 4;

  template <class Do>
  void for_each(Do act);

  const Limits limits_;
  const std::function<std::size_t()> possible_;
  std::set<Connection*> all_;
  std::map<boost::asio::ip::address, std::size_t> by_client_;
  std::size_t websockets_ = 0;
  std::size_t refusals_ = 0;
  std::uint64_t refused_ = 0;
  bool finishing_ = false;
  boost::asio::steady_timer ended_;
};

}  // namespace gensetd::http
