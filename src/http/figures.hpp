#pragma once

#include "http/metric_families.hpp"
#include "measure/histogram.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace gensetd::http {

// What the server counted since its start, and who is connected now. One thread.
struct Figures {
  std::map<unsigned, std::uint64_t> answers;  // by status
  measure::Histogram request_time;            // from a complete request to its answer handed to the socket
  std::uint64_t refused_connections = 0;      // beyond a limit
  std::uint64_t websocket_messages = 0;
  std::uint64_t websocket_bytes = 0;      // of messages, without frames
  std::uint64_t websocket_conflated = 0;  // readings that a newer one replaced before they were sent
  std::size_t connections = 0;            // WebSockets not included
  std::size_t websockets = 0;
};

void add_figures(const Figures& figures, MetricFamilies& families);

}  // namespace gensetd::http
