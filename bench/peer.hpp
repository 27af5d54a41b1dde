#pragma once

#include "controllers.hpp"
#include "processes.hpp"

#include <sys/prctl.h>

namespace gensetd::bench {

// Controllers in a process of their own on one core, ended with their owner. To be begun before any thread
// is.
class Peer {
 public:
  explicit Peer(unsigned core) : controllers_(0) {
    if (!child_.is_copy()) return;
    ::prctl(PR_SET_NAME, "controllers");
    run_on_core(core);
    controllers_.restless(false);
    for (;;) controllers_.run_ready(-1);
  }
  std::uint16_t port() const { return controllers_.port(); }
  pid_t process() const { return child_.process(); }

 private:
  Controllers controllers_;  // here only their port
  Child child_;
};

}  // namespace gensetd::bench
