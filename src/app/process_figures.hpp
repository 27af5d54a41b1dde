#pragma once

#include "http/metric_families.hpp"

namespace gensetd::app {

// The figures of this process under the names that all of Prometheus' clients use: processor time, memory,
// file descriptors, threads, start. Read from /proc/self (proc(5)); what cannot be read is left out.
void add_process_figures(http::MetricFamilies& families);

}  // namespace gensetd::app
