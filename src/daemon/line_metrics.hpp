#pragma once

#include "measure/metric_families.hpp"
#include "poller/diagnostics.hpp"

namespace gensetd::daemon {

// Metrics of links and devices: gensetd_link_… with the label link="host:port", gensetd_device_… with the
// labels device_id and site.
void add_link(const poller::LinkMetrics& link, measure::MetricFamilies& families);
void add_device(const poller::DeviceMetrics& device, std::size_t history_bytes,
                measure::MetricFamilies& families);

}  // namespace gensetd::daemon
