#include "network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <utility>

namespace gensetd::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// When the kernel sends the first segment of a connection again, RFC 6298 and tcp(7).
constexpr std::array<seconds, 5> connect_attempts{seconds{0}, seconds{1}, seconds{3}, seconds{7},
                                                  seconds{15}};
constexpr milliseconds retransmission{200};
constexpr milliseconds retransmission_after_cut_max{1'500};

int failed(int error) {
  errno = error;
  return -1;
}

}  // namespace

Network* Network::running = nullptr;

Network::Network(Kernel& kernel, RandomSource& chance, Trace& trace, SocketObserver& observer)
    : kernel_(kernel), randomness_(chance), trace_(trace), observer_(observer) {
  running = this;
}

Network::~Network() { running = nullptr; }

int Network::open() {
  const int number = kernel_.make_socket(*this);
  sockets_.try_emplace(number);
  return number;
}

int Network::connect(int descriptor, const sockaddr* address) {
  const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(address);
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &ipv4->sin_addr, text.data(), text.size());
  const auto place = peers_.find({text.data(), ntohs(ipv4->sin_port)});
  if (place == peers_.end()) return failed(ENETUNREACH);
  Socket& socket = sockets_.at(descriptor);
  socket.peer = place->second;
  socket.state = State::connecting;
  trace_.note(kernel_.now(), "connects", socket.peer->name);
  observer_.connects(*socket.peer);
  try_connect(descriptor, 0);
  return failed(EINPROGRESS);
}

void Network::try_connect(int number, int attempt) {
  if (static_cast<std::size_t>(attempt) >= connect_attempts.size()) return;
  const auto before = attempt == 0 ? seconds{0} : connect_attempts[static_cast<std::size_t>(attempt) - 1];
  const Time pause = connect_attempts[static_cast<std::size_t>(attempt)] - before;
  const Peer& to = *sockets_.at(number).peer;
  kernel_.at(kernel_.now() + pause + 2 * latency(to), [this, number, attempt] {
    const auto place = sockets_.find(number);
    if (place == sockets_.end() || place->second.state != State::connecting || place->second.closed) return;
    Socket& socket = place->second;
    Peer& peer = *socket.peer;
    if (peer.path.unreachable) return fail(number, socket, EHOSTUNREACH);
    if (peer.path.cut) return try_connect(number, attempt + 1);
    if (peer.path.refuses) return fail(number, socket, ECONNREFUSED);
    socket.state = State::connected;
    trace_.note(kernel_.now(), "connected", peer.name);
    observer_.connected(peer);
    peer.opened(number);
    kernel_.changed(number);
  });
}

void Network::fail(int number, Socket& socket, int error) {
  if (socket.state == State::over || socket.closed) return;
  socket.state = State::over;
  socket.error = error;
  trace_.note(kernel_.now(), "fails", socket.peer->name);
  kernel_.changed(number);
}

Time Network::latency(const Peer& peer) {
  Time time = randomness_.between(peer.path.latency_min, peer.path.latency_max);
  if (randomness_.happens(peer.path.loss)) time += retransmission;
  return time;
}

ssize_t Network::send(int descriptor, std::span<const std::uint8_t> bytes) {
  Socket& socket = sockets_.at(descriptor);
  if (socket.error != 0) return failed(std::exchange(socket.error, 0));
  if (socket.state != State::connected) return failed(EPIPE);
  trace_.note(kernel_.now(), "sends", socket.peer->name, bytes);
  observer_.sends(*socket.peer, bytes);
  push(descriptor, true, {.bytes = Bytes(bytes.begin(), bytes.end()), .sent_at = kernel_.now()});
  return static_cast<ssize_t>(bytes.size());
}

ssize_t Network::receive(int descriptor, std::span<std::uint8_t> bytes) {
  Socket& socket = sockets_.at(descriptor);
  if (!socket.received.empty()) {
    const std::size_t length = std::min(bytes.size(), socket.received.size());
    std::copy_n(socket.received.begin(), length, bytes.begin());
    socket.received.erase(socket.received.begin(),
                          socket.received.begin() + static_cast<std::ptrdiff_t>(length));
    return static_cast<ssize_t>(length);
  }
  if (socket.error != 0) return failed(std::exchange(socket.error, 0));
  if (socket.ended || socket.state == State::over) return 0;
  return failed(EAGAIN);
}

int Network::set_option(int descriptor, int level, int name, const void* value) {
  int number = 0;
  std::copy_n(static_cast<const char*>(value), sizeof number, reinterpret_cast<char*>(&number));
  if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT)
    sockets_.at(descriptor).undelivered_max = milliseconds{number};
  return 0;
}

int Network::take_error(int descriptor) { return std::exchange(sockets_.at(descriptor).error, 0); }

std::uint32_t Network::readiness(int descriptor) const {
  const Socket& socket = sockets_.at(descriptor);
  switch (socket.state) {
    case State::fresh:
      return EPOLLOUT | EPOLLHUP;
    case State::connecting:
      return 0;
    case State::over:
      return EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP;
    case State::connected:
      break;
  }
  const bool readable = !socket.received.empty() || socket.ended;
  return EPOLLOUT | (readable ? EPOLLIN : 0U);
}

// close(2): what was sent before still goes its way, with the end behind it.
void Network::closed(int descriptor) {
  Socket& socket = sockets_.at(descriptor);
  socket.closed = true;
  if (socket.peer == nullptr) return;
  trace_.note(kernel_.now(), "closes", socket.peer->name);
  observer_.closes(*socket.peer);
  if (socket.state == State::connected) push(descriptor, true, {.kind = Kind::end, .sent_at = kernel_.now()});
}

void Network::deliver(int connection, Bytes bytes, std::function<void()> arrived) {
  push(connection, false,
       {.bytes = std::move(bytes), .sent_at = kernel_.now(), .arrived = std::move(arrived), .is_due = {}});
}

void Network::deliver_if(int connection, Bytes bytes, std::function<bool()> is_due) {
  push(connection, false, {.bytes = std::move(bytes), .sent_at = kernel_.now(), .is_due = std::move(is_due)});
}

void Network::finish(int connection) {
  push(connection, false, {.kind = Kind::end, .sent_at = kernel_.now()});
}

void Network::reset(int connection) {
  push(connection, false, {.kind = Kind::reset, .sent_at = kernel_.now()});
}

void Network::forget(Peer& peer) {
  for (auto& [number, socket] : sockets_) {
    if (socket.peer != &peer || socket.forgotten || socket.state != State::connected) continue;
    socket.forgotten = true;
    socket.to_program.segments.clear();
    peer.closed(number);
  }
}

void Network::path_restored(Peer& peer) {
  for (auto& [number, socket] : sockets_) {
    if (socket.peer != &peer) continue;
    for (const bool to_peer : {true, false}) {
      Direction& way = to_peer ? socket.to_peer : socket.to_program;
      if (way.segments.empty() || std::exchange(way.moving, true)) continue;
      const Time again = randomness_.between(milliseconds{1}, retransmission_after_cut_max);
      kernel_.at(kernel_.now() + again, [this, number, to_peer] { arrive(number, to_peer); });
    }
  }
}

int Network::newest_connection(const Peer& peer) const {
  int newest = 0;
  for (const auto& [number, socket] : sockets_) {
    if (socket.peer == &peer && socket.state == State::connected && !socket.closed && !socket.forgotten)
      newest = number;
  }
  return newest;
}

void Network::push(int number, bool to_peer, Segment segment) {
  const auto place = sockets_.find(number);
  if (place == sockets_.end() || (!to_peer && place->second.forgotten)) return;
  Direction& way = to_peer ? place->second.to_peer : place->second.to_program;
  way.segments.push_back(std::move(segment));
  if (!way.moving) move(number, to_peer);
}

void Network::move(int number, bool to_peer) {
  Socket& socket = sockets_.at(number);
  Direction& way = to_peer ? socket.to_peer : socket.to_program;
  way.moving = true;
  way.last_arrival = std::max(way.last_arrival, way.segments.front().sent_at + latency(*socket.peer));
  way.last_arrival = std::max(way.last_arrival, kernel_.now());
  kernel_.at(way.last_arrival, [this, number, to_peer] { arrive(number, to_peer); });
}

void Network::arrive(int number, bool to_peer) {
  Socket& socket = sockets_.at(number);
  Direction& way = to_peer ? socket.to_peer : socket.to_program;
  way.moving = false;
  if (way.segments.empty()) return;
  const Time sent_at = way.segments.front().sent_at;
  if (socket.peer->path.cut) {
    // Waits for healed(), or until the sender gives up.
    if (!to_peer || socket.undelivered_max == Time::max()) return;
    kernel_.at(std::max(kernel_.now(), sent_at + socket.undelivered_max), [this, number, sent_at] {
      Socket& waiting = sockets_.at(number);
      Direction& stuck = waiting.to_peer;
      if (stuck.segments.empty() || stuck.segments.front().sent_at != sent_at) return;
      stuck.segments.clear();
      waiting.forgotten = true;
      fail(number, waiting, ETIMEDOUT);
    });
    return;
  }
  Segment segment = std::move(way.segments.front());
  way.segments.pop_front();
  if (to_peer)
    arrive_at_peer(number, std::move(segment));
  else
    arrive_at_program(number, std::move(segment));
  Direction& same_way = to_peer ? sockets_.at(number).to_peer : sockets_.at(number).to_program;
  if (!same_way.segments.empty() && !same_way.moving) move(number, to_peer);
}

void Network::arrive_at_peer(int number, Segment segment) {
  Socket& socket = sockets_.at(number);
  if (socket.forgotten) {
    if (segment.kind == Kind::bytes) fail(number, socket, ECONNRESET);
    return;
  }
  if (segment.kind == Kind::bytes) return socket.peer->received(number, segment.bytes);
  socket.forgotten = true;
  socket.peer->closed(number);
}

void Network::arrive_at_program(int number, Segment segment) {
  Socket& socket = sockets_.at(number);
  if (socket.closed || socket.state != State::connected) return;
  if (segment.is_due && !segment.is_due()) return;
  if (segment.kind == Kind::reset) {
    socket.forgotten = true;
    fail(number, socket, ECONNRESET);
    return;
  }
  if (segment.kind == Kind::end) {
    socket.ended = true;
  } else {
    trace_.note(kernel_.now(), "hears from", socket.peer->name, segment.bytes);
    socket.received.insert(socket.received.end(), segment.bytes.begin(), segment.bytes.end());
    observer_.readable(*socket.peer);
    if (segment.arrived) segment.arrived();
  }
  kernel_.changed(number);
}

}  // namespace gensetd::simulation
