#include "websocket_clients.hpp"

#include <array>
#include <charconv>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>

namespace gensetd::bench {
namespace {

constexpr std::uint32_t loopback = 0x7F000001;
constexpr std::string_view head_end = "\r\n\r\n";

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8U | static_cast<std::uint8_t>(byte);
  return number;
}

}  // namespace

void WebSocketClients::connect(std::uint16_t port, const std::string& target) {
  Client client{.socket = connect_to(loopback, port), .received = {}};
  const std::string request =
      "GET " + target +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (::send(client.socket.number(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    throw std::runtime_error("the request for a WebSocket was not taken");
  std::size_t end = std::string::npos;
  while (end == std::string::npos) {
    pollfd ready{.fd = client.socket.number(), .events = POLLIN, .revents = 0};
    std::array<char, 65'536> bytes;
    const bool is_readable = ::poll(&ready, 1, 20'000) == 1;
    const ssize_t length = is_readable ? ::recv(client.socket.number(), bytes.data(), bytes.size(), 0) : 0;
    if (length <= 0) throw std::runtime_error("no answer to the request for a WebSocket");
    client.received.append(bytes.data(), static_cast<std::size_t>(length));
    end = client.received.find(head_end);
  }
  if (!client.received.starts_with("HTTP/1.1 101")) throw std::runtime_error(client.received);
  client.received.erase(0, end + head_end.size());
  watch(epoll_, client.socket.number(), clients_.size());
  clients_.push_back(std::move(client));
  take_messages(clients_.size() - 1);
}

void WebSocketClients::run_ready(int patience_ms) {
  std::array<epoll_event, 256> events;
  const int ready =
      ::epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()), patience_ms);
  for (int index = 0; index < ready; ++index) receive(events[static_cast<std::size_t>(index)].data.u64);
}

void WebSocketClients::receive(std::size_t index) {
  std::array<char, 65'536> bytes;
  const ssize_t length = ::recv(clients_[index].socket.number(), bytes.data(), bytes.size(), 0);
  if (length <= 0) throw std::runtime_error("gensetd closed a WebSocket");
  clients_[index].received.append(bytes.data(), static_cast<std::size_t>(length));
  take_messages(index);
}

// RFC 6455, 5.2: the server's frames are not masked, and gensetd does not fragment messages.
void WebSocketClients::take_messages(std::size_t index) {
  std::string& received = clients_[index].received;
  std::string_view rest = received;
  while (rest.size() >= 2) {
    const auto opcode = static_cast<std::uint8_t>(rest[0]) & 0xFU;
    std::uint64_t length = static_cast<std::uint8_t>(rest[1]);
    const std::size_t header = length == 127 ? 10 : length == 126 ? 4 : 2;
    if (rest.size() < header) break;
    if (header != 2) length = big_endian(rest.substr(2, header - 2));
    if (rest.size() < header + length) break;
    if (opcode == 1) observer_.received(index, rest.substr(header, length));
    rest.remove_prefix(header + length);
  }
  received.erase(0, received.size() - rest.size());
}

std::int64_t device_of(std::string_view message) {
  constexpr std::string_view begin = R"({"device_id":)";
  std::int64_t id = 0;
  if (message.starts_with(begin))
    std::from_chars(message.data() + begin.size(), message.data() + message.size(), id);
  return id;
}

}  // namespace gensetd::bench
