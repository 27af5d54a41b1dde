#include "counts/counted_calls.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

thread_local gensetd::CountedCalls calls;

}  // namespace

namespace gensetd {

CountedCalls counted_calls() { return calls; }

}  // namespace gensetd

// The program's own definitions come before libc's.
extern "C" {

ssize_t send(int socket, const void* bytes, size_t length, int flags) {
  ++calls.sends;
  return ::syscall(SYS_sendto, socket, bytes, length, flags, nullptr, 0);
}
ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  ++calls.sends;
  return ::syscall(SYS_sendmsg, socket, message, flags);
}
ssize_t recv(int socket, void* bytes, size_t length, int flags) {
  ++calls.receives;
  return ::syscall(SYS_recvfrom, socket, bytes, length, flags, nullptr, nullptr);
}
ssize_t recvmsg(int socket, msghdr* message, int flags) {
  ++calls.receives;
  return ::syscall(SYS_recvmsg, socket, message, flags);
}
int epoll_wait(int epoll, epoll_event* events, int count, int milliseconds) {
  ++calls.waits;
  const auto ready = static_cast<int>(::syscall(SYS_epoll_wait, epoll, events, count, milliseconds));
  if (ready > 0) calls.events += static_cast<std::uint64_t>(ready);
  return ready;
}
int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
  ++calls.settings;
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, descriptor, event));
}
int timerfd_settime(int timer, int flags, const itimerspec* time, itimerspec* before) noexcept {
  ++calls.settings;
  return static_cast<int>(::syscall(SYS_timerfd_settime, timer, flags, time, before));
}
ssize_t read(int descriptor, void* bytes, size_t length) {
  ++calls.others;
  return ::syscall(SYS_read, descriptor, bytes, length);
}
ssize_t write(int descriptor, const void* bytes, size_t length) {
  ++calls.others;
  return ::syscall(SYS_write, descriptor, bytes, length);
}
}
