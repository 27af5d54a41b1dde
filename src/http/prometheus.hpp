#pragma once

#include "http/metric_families.hpp"
#include "reading/reading.hpp"

namespace gensetd::http {

// One reading of this daemon's devices (another process's says nothing) as metrics: gensetd_device_online,
// the age of the values as gensetd_device_last_seen_timestamp_seconds, and each field as gensetd_<field>,
// only of devices that are online and only where there is a value: a missing figure is missing, not zero and
// not stale.
void add_reading(const reading::Reading& reading, MetricFamilies& families);

}  // namespace gensetd::http
