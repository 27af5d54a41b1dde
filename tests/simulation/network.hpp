#pragma once

#include "kernel.hpp"
#include "random_source.hpp"
#include "trace.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

struct sockaddr;

namespace gensetd::simulation {

using Bytes = std::vector<std::uint8_t>;

// The current state of the network path to a host. Since TCP repeats lost segments, a lost segment delays
// itself and all later ones.
struct Path {
  std::chrono::microseconds latency_min{200};
  std::chrono::microseconds latency_max{3'000};
  double loss = 0;
  bool cut = false;          // all segments are dropped silently
  bool refuses = false;      // nothing listens on the port
  bool unreachable = false;  // a router sends ICMP 'unreachable'
};

// A server at an address. Each connection has a unique number.
class Peer {
 public:
  Peer(std::string its_name, std::string its_address, std::uint16_t its_port)
      : name(std::move(its_name)), address(std::move(its_address)), port(its_port) {}
  virtual ~Peer() = default;
  virtual void opened(int connection) = 0;
  virtual void received(int connection, std::span<const std::uint8_t> bytes) = 0;
  virtual void closed(int connection) = 0;

  const std::string name;
  const std::string address;
  const std::uint16_t port;
  Path path;
};

// Receives the socket calls of the program.
class SocketObserver {
 public:
  virtual ~SocketObserver() = default;
  virtual void connects(Peer& peer) = 0;
  virtual void connected(Peer& peer) = 0;
  virtual void sends(Peer& peer, std::span<const std::uint8_t> bytes) = 0;
  virtual void closes(Peer& peer) = 0;
  virtual void readable(Peer& peer) = 0;  // bytes are readable
};

// TCP between the program and its peers: connections, order, delays, and all ways in which they end.
class Network final : public Sockets {
 public:
  static Network* running;

  Network(Kernel& kernel, RandomSource& chance, Trace& trace, SocketObserver& observer);
  ~Network() override;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  void attach(Peer& peer) { peers_[{peer.address, peer.port}] = &peer; }

  // The peers' side. Bytes and ends arrive in this order; `arrived` is called when the program
  // could read it.
  void deliver(int connection, Bytes bytes, std::function<void()> arrived);
  // Only if it is due at the moment when it would arrive; else the peer has never sent it.
  void deliver_if(int connection, Bytes bytes, std::function<bool()> is_due);
  void finish(int connection);  // sends nothing more
  void reset(int connection);
  void forget(Peer& peer);                        // has lost its power: knows none of its connections
  void path_restored(Peer& peer);                 // its path is cut no more
  int newest_connection(const Peer& peer) const;  // 0: none

  // The program's side: system calls.
  int open();
  int connect(int descriptor, const sockaddr* address);
  ssize_t send(int descriptor, std::span<const std::uint8_t> bytes);
  ssize_t receive(int descriptor, std::span<std::uint8_t> bytes);
  int set_option(int descriptor, int level, int name, const void* value);
  int take_error(int descriptor);
  std::uint32_t readiness(int descriptor) const override;
  void closed(int descriptor) override;

 private:
  enum class State : std::uint8_t { fresh, connecting, connected, over };
  enum class Kind : std::uint8_t { bytes, end, reset };
  struct Segment {
    Kind kind = Kind::bytes;
    Bytes bytes;
    Time sent_at{};
    std::function<void()> arrived;
    std::function<bool()> is_due;  // empty: it is
  };
  // The bytes in flight in one direction, in order.
  struct Direction {
    std::deque<Segment> segments;
    Time last_arrival{};
    bool moving = false;  // an event will deliver the first
  };
  struct Socket {
    State state = State::fresh;
    Peer* peer = nullptr;
    int error = 0;
    bool ended = false;  // the peer's end was read up to
    std::deque<std::uint8_t> received;
    Time undelivered_max = Time::max();  // TCP_USER_TIMEOUT
    bool closed = false;                 // by the program; bytes sent before are still delivered
    bool forgotten = false;              // the peer has no record of it any more
    Direction to_peer;
    Direction to_program;
  };

  void try_connect(int number, int attempt);
  void fail(int number, Socket& socket, int error);
  void push(int number, bool to_peer, Segment segment);
  void move(int number, bool to_peer);
  void arrive(int number, bool to_peer);
  void arrive_at_peer(int number, Segment segment);
  void arrive_at_program(int number, Segment segment);
  Time latency(const Peer& peer);

  Kernel& kernel_;
  RandomSource& randomness_;
  Trace& trace_;
  SocketObserver& observer_;
  std::map<std::pair<std::string, std::uint16_t>, Peer*> peers_;
  std::map<int, Socket> sockets_;  // by descriptor, which is the number of the connection too
};

}  // namespace gensetd::simulation
