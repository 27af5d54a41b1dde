#pragma once

#include "events/event_service.hpp"
#include "history/history.hpp"
#include "link/link.hpp"
#include "measure/metric_families.hpp"
#include "poller/diagnostics.hpp"
#include "registry/metrics.hpp"
#include "supervision/exceptions.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <string>

namespace gensetd::daemon {

// The polled devices of a site.
struct SiteMetrics {
  std::size_t devices = 0;
  std::size_t online = 0;
};

// The metrics of the daemon itself. Their number does not depend on the number of devices.
struct DaemonMetrics {
  poller::PollTotals polling;
  link::PoolTotals links;
  std::map<std::string, SiteMetrics> sites;  // by code
  bool registry_up = true;
  bool registry_full = false;
  registry::RegistryMetrics registry;
  events::EventMetrics events;
  history::HistoryMetrics history;
  std::uint64_t log_lines_dropped = 0;
  std::size_t poll_threads = 0;
  std::size_t poll_threads_hanging = 0;
  std::size_t connections_max = 0;     // to controllers and converters, by the limit of open files
  std::size_t without_descriptor = 0;  // addresses without a connection because of that limit
  std::array<std::uint64_t, supervision::task_count> exceptions{};
};

void add_metrics(const DaemonMetrics& metrics, measure::MetricFamilies& families);

}  // namespace gensetd::daemon
