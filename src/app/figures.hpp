#pragma once

#include "http/metric_families.hpp"
#include "poller/diagnostics.hpp"

#include <cstddef>

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

void add_figures(const Figures& figures, http::MetricFamilies& families);

}  // namespace gensetd::app
