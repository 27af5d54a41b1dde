#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace gensetd::link {

// A connected, non-blocking socket that is not in an io_context's epoll instance, which would be notified of
// each response too: Readiness notifies instead. Closed by its destructor. Any one thread.
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
  int descriptor() const { return descriptor_; }  // -1: closed

  // The number of received bytes; 0 with `failed`: boost::asio::error::eof at the end of the connection,
  // would_block if nothing is available.
  std::size_t receive(std::span<std::uint8_t> buffer, boost::system::error_code& failed) const;

  // The number of bytes that the kernel accepted: fewer, or 0 with would_block, if its buffer is full.
  std::size_t send(std::span<const std::uint8_t> bytes, boost::system::error_code& failed) const;

 private:
  int descriptor_ = -1;
};

}  // namespace gensetd::link
