#pragma once

#include "sockets.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::bench {

// WebSocket clients in one epoll loop that only receive. Use: connect(), watch epoll() for reading, call
// run_ready(). One thread.
class WebSocketClients {
 public:
  // Receives each text message: readings as {"device_id":N,…, the snapshot as {"type":….
  class MessageObserver {
   public:
    virtual void received(std::size_t client, std::string_view message) = 0;

   protected:
    ~MessageObserver() = default;
  };

  explicit WebSocketClients(MessageObserver& observer) : observer_(observer), epoll_(make_epoll()) {}

  // Opens one more connection and waits for the handshake response. Throws if the upgrade fails.
  void connect(std::uint16_t port, const std::string& target);

  const Descriptor& epoll() const { return epoll_; }
  void run_ready(int patience_ms);
  std::size_t count() const { return clients_.size(); }

 private:
  struct Client {
    Descriptor socket;
    std::string received;
  };
  void receive(std::size_t index);
  void take_messages(std::size_t index);

  MessageObserver& observer_;
  Descriptor epoll_;
  std::vector<Client> clients_;
};

// The device id of a reading's message; 0: not a reading.
std::int64_t device_of(std::string_view message);

}  // namespace gensetd::bench
