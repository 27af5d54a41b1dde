#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>

namespace gensetd::http {

inline constexpr std::size_t connections_max = 1'024;
inline constexpr std::size_t connections_per_address_max = 64;  // loopback, where proxies live, has no limit
inline constexpr std::size_t websockets_max = 512;
static_assert(websockets_max < connections_max);

// "127.0.0.1:51234", "[::1]:51234".
std::string shown(const boost::asio::ip::tcp::endpoint& endpoint);

// One client's connection, seen by the server.
class Connection {
 public:
  virtual void finish() = 0;  // end when what is being answered is answered
  virtual void abort() = 0;   // end at once
  virtual void check(std::chrono::steady_clock::time_point now) = 0;  // end if a write takes too long

 protected:
  ~Connection() = default;
};

// Who is connected. One thread.
class Connections {
 public:
  explicit Connections(boost::asio::io_context& context) : ended_(context) { ended_.expires_at(never); }

  // Counts the connection while it lives.
  class Place {
   public:
    Place(Connections& all, Connection& connection, boost::asio::ip::address from, bool websocket);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Connections& all_;
    Connection& connection_;
    boost::asio::ip::address from_;
    bool websocket_;
  };

  bool has_room(const boost::asio::ip::address& from) const;
  bool has_room_for_websocket() const { return websockets_ < websockets_max; }
  bool empty() const { return all_.empty(); }
  bool finishing() const { return finishing_; }
  std::size_t websockets() const { return websockets_; }

  void finish_all();
  void abort_all();
  void check_all(std::chrono::steady_clock::time_point now);
  boost::asio::steady_timer& ended() { return ended_; }  // cancelled when the last one ends

 private:
  static constexpr auto never = std::chrono::steady_clock::time_point::max();

  template <class Do>
  void for_each(Do act);

  std::set<Connection*> all_;
  std::map<boost::asio::ip::address, std::size_t> by_address_;
  std::size_t websockets_ = 0;
  bool finishing_ = false;
  boost::asio::steady_timer ended_;
};

}  // namespace gensetd::http
