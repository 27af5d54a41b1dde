#pragma once

#include "measure/metric_families.hpp"

#include <cstdint>

namespace gensetd::stream {

// Counters of all WebSocket clients since the start. One thread.
struct WebSocketMetrics {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;      // of messages, without frame headers
  std::uint64_t conflated = 0;  // readings that were replaced by a newer one before they were sent
};

void add_metrics(const WebSocketMetrics& metrics, measure::MetricFamilies& families);

}  // namespace gensetd::stream
