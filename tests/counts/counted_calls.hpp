#pragma once

#include <cstdint>

namespace gensetd {

// How often the calling thread has called the kernel to exchange bytes and to wait, through the libc
// functions that counted_calls.cpp replaces.
struct CountedCalls {
  std::uint64_t sends = 0;
  std::uint64_t receives = 0;
  std::uint64_t waits = 0;     // epoll_wait
  std::uint64_t events = 0;    // events that they returned; not calls
  std::uint64_t settings = 0;  // epoll_ctl, timerfd_settime
  std::uint64_t others = 0;    // read, write: on descriptors that wake a thread

  std::uint64_t all() const { return sends + receives + waits + settings + others; }
};

CountedCalls counted_calls();

}  // namespace gensetd
