#include "sockets.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <time.h>

namespace gensetd::bench {
namespace {

constexpr std::uint32_t first_address = 0x7F010001;  // 127.1.0.1

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::system_category(), what);
  return result;
}

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

sockaddr_in socket_address(std::uint32_t address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(address);
  result.sin_port = htons(port);
  return result;
}

}  // namespace

Descriptor listen_everywhere(std::uint16_t port) {
  Descriptor listener(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
  const int on = 1;
  checked(::setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
  const sockaddr_in address = socket_address(INADDR_ANY, port);
  checked(::bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  checked(::listen(listener.number(), SOMAXCONN), "listen");
  return listener;
}

std::uint16_t port_of(const Descriptor& listener) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  checked(::getsockname(listener.number(), reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
  return ntohs(address.sin_port);
}

std::uint32_t loopback_address(std::uint32_t index) { return first_address + index; }

Descriptor connect_to(std::uint32_t address, std::uint16_t port) {
  Descriptor connection(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  const sockaddr_in to = socket_address(address, port);
  checked(::connect(connection.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
  const int on = 1;
  checked(::setsockopt(connection.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
  checked(::fcntl(connection.number(), F_SETFL, O_NONBLOCK), "O_NONBLOCK");
  return connection;
}

Descriptor make_epoll() { return Descriptor(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")); }

void watch(const Descriptor& epoll, int descriptor, std::uint64_t data) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = data;
  checked(::epoll_ctl(epoll.number(), EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

void raise_descriptor_limit() {
  rlimit limit{};
  checked(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  checked(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

void run_on_core(unsigned core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
}

double thread_cpu_time() {
  timespec time{};
  checked(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time), "clock_gettime");
  return seconds(time);
}

double process_cpu_time(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return seconds(time);
}

}  // namespace gensetd::bench
