#pragma once

#include "controller_server.hpp"
#include "processes.hpp"

#include <sys/prctl.h>

namespace gensetd::bench {

// A ControllerServer in a separate process on one core, ended with this object. Construct it before any
// thread is started.
class ControllerProcess {
 public:
  explicit ControllerProcess(unsigned core) : controllers_(0) {
    if (!child_.is_copy()) return;
    ::prctl(PR_SET_NAME, "controllers");
    run_on_core(core);
    controllers_.set_changing(false);
    for (;;) controllers_.run_ready(-1);
  }
  std::uint16_t port() const { return controllers_.port(); }
  pid_t process() const { return child_.process(); }

 private:
  ControllerServer controllers_;  // in this process only its port is used
  Child child_;
};

}  // namespace gensetd::bench
