#pragma once

#include "http/connections.hpp"
#include "http/metric_families.hpp"
#include "measure/histogram.hpp"

#include <cstdint>
#include <map>

namespace gensetd::http {

// What the server counted since its start; who is connected, its Connections know. One thread.
struct Figures {
  std::map<unsigned, std::uint64_t> answers;  // by status
  measure::Histogram request_time;            // from a complete request to its answer handed to the socket
  std::uint64_t websocket_messages = 0;
  std::uint64_t websocket_bytes = 0;      // of messages, without frames
  std::uint64_t websocket_conflated = 0;  // readings that a newer one replaced before they were sent
};

void add_figures(const Figures& figures, const Connections& connections, MetricFamilies& families);

}  // namespace gensetd::http
