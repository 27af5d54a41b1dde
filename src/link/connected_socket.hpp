#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace gensetd::link {

// A connected socket that is in no io_context's epoll, which would be told of each answer too: Readiness
// tells of what comes. Nothing here waits. Closes with its owner. Any one thread.
class ConnectedSocket {
 public:
  ConnectedSocket() = default;
  explicit ConnectedSocket(boost::asio::ip::tcp::socket&& connected);  // throws std::system_error
  ConnectedSocket(ConnectedSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ConnectedSocket& operator=(ConnectedSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~ConnectedSocket() { close(); }

  void close();
  int descriptor() const { return descriptor_; }  // -1: none

  // How many bytes were received; 0 with `failed`: boost::asio::error::eof at the end of the connection,
  // would_block when there is nothing.
  std::size_t receive(std::span<std::uint8_t> room, boost::system::error_code& failed) const;

  // How many of the bytes the kernel took: fewer, or none and would_block, when it has no room.
  std::size_t send(std::span<const std::uint8_t> bytes, boost::system::error_code& failed) const;

 private:
  int descriptor_ = -1;
};

}  // namespace gensetd::link
