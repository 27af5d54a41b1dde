#pragma once

#include "http/metric_families.hpp"
#include "profile/profile.hpp"
#include "reading/reading.hpp"

#include <string>

namespace gensetd::http {

// One reading of this daemon's devices (another process's says nothing) as metrics: gensetd_device_online,
// the age of the values as gensetd_device_last_seen_timestamp_seconds, and each field as
// reading_metric_name(), only of devices that are online and only where there is a value: a missing figure is
// missing, not zero and not stale.
void add_reading(const reading::Reading& reading, MetricFamilies& families);

// The metric of a field, in the base unit as Prometheus advises: power_total in kW is
// gensetd_reading_power_total_watts.
std::string reading_metric_name(const profile::Field& field);

// A field's value as that metric has it: 160.6 kW is 160600.
double reading_metric_value(const profile::Field& field, std::int64_t value);

}  // namespace gensetd::http
