#pragma once

#include "measure/metric_families.hpp"

namespace gensetd::daemon {

// Metrics of this process under the standard names of Prometheus client libraries: processor time, memory,
// file descriptors, threads, start. Sources: /proc/self (proc(5)); a metric that cannot be read is omitted.
void add_process_metrics(measure::MetricFamilies& families);

}  // namespace gensetd::daemon
