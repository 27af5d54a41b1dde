#pragma once

#include <cstdint>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

// Sockets for the measuring programs, with no overhead besides the system calls.
// Functions that fail throw std::system_error.
namespace gensetd::bench {

// A descriptor that closes with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

// Listens on every address of the machine (all of 127.0.0.0/8 reach it), port 0: a free one.
Descriptor listen_everywhere(std::uint16_t port);
std::uint16_t port_of(const Descriptor& listener);

// The `index`-th address of loopback, 127.1.0.1 and up: each is a device of its own to gensetd.
std::uint32_t loopback_address(std::uint32_t index);

// Connected to the address (host byte order), not blocking from then on.
Descriptor connect_to(std::uint32_t address, std::uint16_t port);

Descriptor make_epoll();
void watch(const Descriptor& epoll, int descriptor, std::uint64_t data);

// Raises the descriptor limit to the hard limit.
void raise_descriptor_limit();

// Pins the calling thread to this core; no effect if the core does not exist.
void run_on_core(unsigned core);

// Processor time in seconds.
double thread_cpu_time();
double process_cpu_time(pid_t process);  // 0 when there is no such process

}  // namespace gensetd::bench
