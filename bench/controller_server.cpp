#include "controller_server.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace gensetd::bench {
namespace {

constexpr std::size_t request_length = 12;  // MBAP header and a request for registers
constexpr std::size_t answer_header = 9;
constexpr std::size_t registers_max = 125;
constexpr std::size_t register_count = 600;
constexpr std::uint64_t listener_mark = ~0ULL;
constexpr int events_at_once = 512;

std::uint16_t number_at(const std::uint8_t* bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1]);
}
void put(std::uint8_t* bytes, std::uint16_t number) {
  bytes[0] = static_cast<std::uint8_t>(number >> 8U);
  bytes[1] = static_cast<std::uint8_t>(number);
}

// Voltages, currents, powers and temperatures of a running genset; no alarm.
std::vector<std::uint8_t> plausible_registers() {
  std::vector<std::uint8_t> bytes(2 * register_count);
  const auto set = [&](std::size_t address, std::uint16_t value) { put(&bytes[2 * address], value); };
  set(0, 1U << 9U);
  set(114, 0xD);
  for (std::size_t address = 120; address < 150; address += 2)
    set(address, static_cast<std::uint16_t>(4000 + address));
  set(135, 5001);
  set(155, 5003);
  for (std::size_t address = 156; address < 202; ++address)
    set(address, static_cast<std::uint16_t>(address % 2 == 0 ? 900 + address : 0));
  for (std::size_t address = 212; address < 242; ++address)
    set(address, static_cast<std::uint16_t>(50 + address % 40));
  set(212, 1500);
  set(260, 9);
  for (std::size_t address = 270; address < 276; ++address) set(address, 40);
  return bytes;
}

}  // namespace

ControllerServer::ControllerServer(std::uint16_t port, RequestObserver* observer)
    : listener_(listen_everywhere(port)),
      epoll_(make_epoll()),
      observer_(observer),
      registers_(plausible_registers()) {
  watch(epoll_, listener_.number(), listener_mark);
}

void ControllerServer::accept_all() {
  for (;;) {
    Descriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.number() < 0) return;
    const int on = 1;
    ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in local{};
    socklen_t length = sizeof local;
    ::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&local), &length);
    auto connection = std::make_unique<Connection>();
    connection->device = ntohl(local.sin_addr.s_addr) - loopback_address(0);
    watch(epoll_, socket.number(), connections_.size());
    connection->socket = std::move(socket);
    connections_.push_back(std::move(connection));
    ++connected_;
  }
}

void ControllerServer::run_ready(int patience_ms) {
  std::array<epoll_event, events_at_once> events;
  const int count = ::epoll_wait(epoll_.number(), events.data(), events_at_once, patience_ms);
  for (int index = 0; index < count; ++index) {
    const std::uint64_t mark = events[static_cast<std::size_t>(index)].data.u64;
    if (mark == listener_mark) {
      accept_all();
    } else {
      serve(mark);
    }
  }
}

void ControllerServer::serve(std::size_t index) {
  Connection& connection = *connections_[index];
  const ssize_t received = ::recv(connection.socket.number(), connection.bytes.data() + connection.length,
                                  connection.bytes.size() - connection.length, 0);
  if (received <= 0) {
    if (received < 0 && errno == EAGAIN) return;
    connection.socket = Descriptor();
    --connected_;
    return;
  }
  const Clock::time_point arrived = observer_ != nullptr ? Clock::now() : Clock::time_point{};
  connection.length += static_cast<std::size_t>(received);
  std::size_t done = 0;
  for (; connection.length - done >= request_length; done += request_length) {
    respond(connection, connection.bytes.data() + done, arrived);
  }
  connection.length -= done;
  if (connection.length != 0)
    std::memmove(connection.bytes.data(), connection.bytes.data() + done, connection.length);
}

void ControllerServer::respond(const Connection& connection, const std::uint8_t* request,
                               Clock::time_point arrived) {
  const std::uint16_t first = number_at(request + 8);
  const std::size_t count = number_at(request + 10);
  if (count > registers_max || first + count > register_count) return;
  ++requests_;
  if (changing_) {
    put(&registers_[2UL * 120], static_cast<std::uint16_t>(3800 + requests_ % 400));
    put(&registers_[2UL * 166], static_cast<std::uint16_t>(900 + requests_ % 300));
    put(&registers_[2UL * 174], static_cast<std::uint16_t>(2000 + requests_ % 700));
    put(&registers_[2UL * 220], static_cast<std::uint16_t>(60 + requests_ / 1000 % 30));
  }
  std::array<std::uint8_t, answer_header + 2 * registers_max> bytes;
  std::memcpy(bytes.data(), request, 4);  // transaction id, protocol id
  put(bytes.data() + 4, static_cast<std::uint16_t>(3 + 2 * count));
  bytes[6] = request[6];
  bytes[7] = request[7];
  bytes[8] = static_cast<std::uint8_t>(2 * count);
  std::memcpy(bytes.data() + answer_header, &registers_[2UL * first], 2 * count);
  ::send(connection.socket.number(), bytes.data(), answer_header + 2 * count, MSG_NOSIGNAL);
  if (observer_ != nullptr)
    observer_->responded({.device = connection.device, .first_register = first, .arrived = arrived});
}

}  // namespace gensetd::bench
