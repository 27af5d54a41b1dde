#pragma once

#include "controllers.hpp"

#include <csignal>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gensetd::bench {

// Controllers in a process of their own on one core, ended with their owner. To be begun before any thread
// is.
class Peer {
 public:
  explicit Peer(unsigned core) : controllers_(0) {
    process_ = ::fork();
    if (process_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "controllers");
    run_on_core(core);
    controllers_.restless(false);
    for (;;) controllers_.run_ready(-1);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  std::uint16_t port() const { return controllers_.port(); }
  pid_t process() const { return process_; }

 private:
  Controllers controllers_;  // here only their port
  pid_t process_ = -1;
};

}  // namespace gensetd::bench
