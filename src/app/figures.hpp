#pragma once

#include "events/watch.hpp"
#include "history/history.hpp"
#include "http/metric_families.hpp"
#include "link/link.hpp"
#include "poller/diagnostics.hpp"
#include "redis/figures.hpp"
#include "registry/figures.hpp"
#include "supervision/exceptions.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace gensetd::app {

// The polled devices of a site.
struct SiteFigures {
  std::size_t devices = 0;
  std::size_t online = 0;
};

// What the daemon says of itself, whatever the number of its devices.
struct Figures {
  poller::Totals polling;
  link::PoolTotals links;
  std::map<std::string, SiteFigures> sites;  // by code
  bool registry_up = true;
  bool registry_full = false;
  registry::Figures registry;
  events::Figures events;
  history::Figures history;
  std::optional<redis::Figures> redis;  // empty without REDIS_URL
  bool redis_up = false;
  std::uint64_t log_lines_dropped = 0;
  std::size_t poll_threads = 0;
  std::size_t poll_threads_hanging = 0;
  std::size_t connections_max = 0;     // to controllers and converters, by the limit of open files
  std::size_t without_descriptor = 0;  // addresses that got no connection because of it
  std::array<std::uint64_t, supervision::task_count> exceptions{};
};

void add_figures(const Figures& figures, http::MetricFamilies& families);

}  // namespace gensetd::app
