#pragma once

#include "measure/histogram.hpp"
#include "measure/metric_families.hpp"
#include "server/connections.hpp"

#include <cstdint>
#include <map>

namespace gensetd::server {

// Counters of the HTTP server since its start. One thread.
struct HttpMetrics {
  std::map<unsigned, std::uint64_t> responses;  // by status
  measure::Histogram request_time;              // from a complete request to its response
};

void add_metrics(const HttpMetrics& metrics, const Connections& connections,
                 measure::MetricFamilies& families);

}  // namespace gensetd::server
