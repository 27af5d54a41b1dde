#pragma once

#include "http/metric_families.hpp"
#include "poller/diagnostics.hpp"

namespace gensetd::app {

// What is counted on lines as metrics: gensetd_link_… with the label link="host:port", gensetd_device_… with
// the labels device_id and site.
void add_link(const poller::LinkFigures& link, http::MetricFamilies& families);
void add_device(const poller::DeviceFigures& device, std::size_t history_bytes,
                http::MetricFamilies& families);

}  // namespace gensetd::app
