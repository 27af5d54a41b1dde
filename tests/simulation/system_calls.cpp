// Replaces system calls of the program under test, including those of Asio and the standard library: a
// definition in the executable precedes the one in the C library (ld.so(8)). Calls for simulated descriptors
// go to the simulated kernel, all others to the real one.

#include "kernel.hpp"
#include "network.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

using gensetd::simulation::Kernel;
using gensetd::simulation::Network;
using gensetd::simulation::Time;

namespace {

bool is_simulated(int descriptor) {
  return Kernel::running != nullptr && descriptor >= Kernel::first_descriptor;
}

timespec in_timespec(Time time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const Kernel* kernel = Kernel::running;
  if (kernel == nullptr || (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME))
    return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  *time = in_timespec(clock == CLOCK_MONOTONIC ? kernel->now() : kernel->wall());
  return 0;
}

int epoll_create1(int flags) noexcept {
  if (Kernel::running == nullptr) return static_cast<int>(::syscall(SYS_epoll_create1, flags));
  return Kernel::running->make_epoll();
}

int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
  if (!is_simulated(epoll))
    return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, descriptor, event));
  return Kernel::running->control(epoll, operation, descriptor, event);
}

int epoll_wait(int epoll, epoll_event* events, int events_max, int timeout_ms) {
  if (!is_simulated(epoll))
    return static_cast<int>(
        ::syscall(SYS_epoll_pwait, epoll, events, events_max, timeout_ms, nullptr, std::size_t{8}));
  return Kernel::running->wait(epoll, events, events_max, timeout_ms);
}

int timerfd_create(clockid_t clock, int flags) noexcept {
  if (Kernel::running == nullptr) return static_cast<int>(::syscall(SYS_timerfd_create, clock, flags));
  return Kernel::running->make_timer();
}

int timerfd_settime(int descriptor, int flags, const itimerspec* time, itimerspec* before) noexcept {
  if (!is_simulated(descriptor))
    return static_cast<int>(::syscall(SYS_timerfd_settime, descriptor, flags, time, before));
  const Time value = std::chrono::seconds{time->it_value.tv_sec} + Time{time->it_value.tv_nsec};
  const bool absolute = (flags & TFD_TIMER_ABSTIME) != 0;
  Kernel::running->set_timer(descriptor, value.count() == 0 ? Time::max()
                                         : absolute         ? value
                                                            : Kernel::running->now() + value);
  return 0;
}

int eventfd(unsigned count, int flags) noexcept {
  if (Kernel::running == nullptr) return static_cast<int>(::syscall(SYS_eventfd2, count, flags));
  return Kernel::running->make_event();
}

ssize_t read(int descriptor, void* bytes, size_t length) {
  if (!is_simulated(descriptor)) return ::syscall(SYS_read, descriptor, bytes, length);
  const std::uint64_t count = Kernel::running->take_event(descriptor);
  if (count == 0) {
    errno = EAGAIN;
    return -1;
  }
  std::memcpy(bytes, &count, sizeof count);
  return sizeof count;
}

ssize_t write(int descriptor, const void* bytes, size_t length) {
  if (!is_simulated(descriptor)) return ::syscall(SYS_write, descriptor, bytes, length);
  std::uint64_t count = 0;
  std::memcpy(&count, bytes, sizeof count);
  Kernel::running->add_to_event(descriptor, count);
  return sizeof count;
}

int close(int descriptor) {
  if (!is_simulated(descriptor)) return static_cast<int>(::syscall(SYS_close, descriptor));
  return Kernel::running->close(descriptor);
}

int socket(int domain, int type, int protocol) noexcept {
  if (Kernel::running == nullptr) return static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
  return Network::running->open();
}

int connect(int descriptor, const sockaddr* address, socklen_t length) {
  if (!is_simulated(descriptor)) return static_cast<int>(::syscall(SYS_connect, descriptor, address, length));
  return Network::running->connect(descriptor, address);
}

ssize_t recv(int descriptor, void* bytes, size_t length, int flags) {
  if (!is_simulated(descriptor))
    return ::syscall(SYS_recvfrom, descriptor, bytes, length, flags, nullptr, nullptr);
  return Network::running->receive(descriptor, {static_cast<std::uint8_t*>(bytes), length});
}

ssize_t send(int descriptor, const void* bytes, size_t length, int flags) {
  if (!is_simulated(descriptor))
    return ::syscall(SYS_sendto, descriptor, bytes, length, flags, nullptr, std::size_t{0});
  return Network::running->send(descriptor, {static_cast<const std::uint8_t*>(bytes), length});
}

int setsockopt(int descriptor, int level, int name, const void* value, socklen_t length) noexcept {
  if (!is_simulated(descriptor))
    return static_cast<int>(::syscall(SYS_setsockopt, descriptor, level, name, value, length));
  return Network::running->set_option(descriptor, level, name, value);
}

int getsockopt(int descriptor, int level, int name, void* value, socklen_t* length) noexcept {
  if (!is_simulated(descriptor))
    return static_cast<int>(::syscall(SYS_getsockopt, descriptor, level, name, value, length));
  int error = 0;
  if (level == SOL_SOCKET && name == SO_ERROR) error = Network::running->take_error(descriptor);
  std::memcpy(value, &error, sizeof error);
  *length = sizeof error;
  return 0;
}

int ioctl(int descriptor, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (!is_simulated(descriptor)) return static_cast<int>(::syscall(SYS_ioctl, descriptor, request, argument));
  return 0;  // FIONBIO: nothing blocks here
}

int poll(pollfd* polled, nfds_t count, int timeout_ms) {
  if (count != 1 || !is_simulated(polled->fd))
    return static_cast<int>(::syscall(SYS_poll, polled, count, timeout_ms));
  const std::uint32_t ready = Network::running->readiness(polled->fd);
  const auto wanted = static_cast<std::uint32_t>(polled->events) | POLLERR | POLLHUP;
  polled->revents = static_cast<short>(ready & wanted);  // EPOLLIN is POLLIN, and so on
  return polled->revents != 0 ? 1 : 0;
}

int inet_pton(int family, const char* text, void* address) noexcept {
  static const auto real_one = real<int(int, const char*, void*)>("inet_pton");
  const int result = real_one(family, text, address);
  if (result == 0 && family == AF_INET && Kernel::running != nullptr && std::strchr(text, ':') == nullptr)
    Kernel::running->expects_lookup(text);
  return result;
}

int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto real_one =
      real<int(const char*, const char*, const addrinfo*, addrinfo**)>("getaddrinfo");
  if (Kernel::running == nullptr) return real_one(host, service, hints, found);
  const std::string address = Kernel::running->look_up(host);
  if (address.empty()) return EAI_NONAME;
  addrinfo numeric = *hints;
  numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  return real_one(address.c_str(), service, &numeric, found);
}
}
