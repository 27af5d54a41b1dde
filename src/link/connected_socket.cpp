#include "link/connected_socket.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace gensetd::link {

using boost::system::error_code;

namespace {

std::size_t result_of(ssize_t length, error_code& failed) {
  failed = length < 0 ? error_code(errno, boost::system::system_category()) : error_code();
  return length < 0 ? 0 : static_cast<std::size_t>(length);
}

}  // namespace

ConnectedSocket::ConnectedSocket(boost::asio::ip::tcp::socket&& connected) {
  error_code failed;
  connected.non_blocking(true, failed);
  if (!failed) descriptor_ = connected.release(failed);
  if (failed) throw std::system_error(failed.value(), std::system_category(), "a connected socket");
}

void ConnectedSocket::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

std::size_t ConnectedSocket::receive(std::span<std::uint8_t> buffer, error_code& failed) const {
  const ssize_t length = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  const std::size_t received = result_of(length, failed);
  if (length == 0) failed = boost::asio::error::eof;
  return received;
}

std::size_t ConnectedSocket::send(std::span<const std::uint8_t> bytes, error_code& failed) const {
  return result_of(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL), failed);
}

}  // namespace gensetd::link
