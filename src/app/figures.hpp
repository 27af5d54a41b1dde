#pragma once

#include "poller/device_poller.hpp"

#include <cstddef>
#include <string>

namespace gensetd::app {

// What the daemon says of itself.
struct Figures {
  poller::Counters counters;
  std::size_t devices = 0;
  std::size_t devices_online = 0;
  bool registry_up = true;
  bool redis_configured = false;
  bool redis_up = false;
};

// Prometheus' text format 0.0.4, each metric with HELP and TYPE.
std::string print_figures(const Figures& figures);

}  // namespace gensetd::app
