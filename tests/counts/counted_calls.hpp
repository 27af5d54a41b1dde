#pragma once

#include <cstdint>

namespace gensetd {

// How often the calling thread has called the kernel to exchange bytes and to wait: what of libc is replaced
// in counted_calls.cpp.
struct CountedCalls {
  std::uint64_t sends = 0;
  std::uint64_t receives = 0;
  std::uint64_t waits = 0;     // epoll_wait
  std::uint64_t told = 0;      // events that these brought; no calls
  std::uint64_t settings = 0;  // epoll_ctl, timerfd_settime
  std::uint64_t others = 0;    // read, write: of descriptors that wake a thread

  std::uint64_t all() const { return sends + receives + waits + settings + others; }
};

CountedCalls counted_calls();

}  // namespace gensetd
