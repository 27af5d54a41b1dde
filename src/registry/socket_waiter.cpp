#include "registry/socket_waiter.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace gensetd::registry {

SocketWaiter::SocketWaiter() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) throw std::system_error(errno, std::system_category(), "eventfd");
}

SocketWaiter::~SocketWaiter() { ::close(event_); }

void SocketWaiter::notify() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written =
      ::write(event_, &one, sizeof one);  // fails only when the counter is full, which also wakes
}

SocketWaiter::Reason SocketWaiter::wait(int socket, std::chrono::milliseconds time) const {
  std::array<pollfd, 2> watched{pollfd{.fd = event_, .events = POLLIN, .revents = 0},
                                pollfd{.fd = socket, .events = POLLIN, .revents = 0}};  // poll ignores -1
  if (::poll(watched.data(), watched.size(), static_cast<int>(time.count())) <= 0) return Reason::other;
  if (watched[0].revents == 0) return Reason::other;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(event_, &count, sizeof count);
  return Reason::notified;
}

}  // namespace gensetd::registry
