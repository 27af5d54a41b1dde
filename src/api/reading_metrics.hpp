#pragma once

#include "measure/metric_families.hpp"
#include "profile/profile.hpp"
#include "reading/reading.hpp"

#include <string>

namespace gensetd::api {

// Adds the metrics of one reading: gensetd_device_online, gensetd_device_last_seen_timestamp_seconds, and
// each field as reading_metric_name(). Fields are added only if the device is online and the field has a
// value, so a missing value is missing, not zero and not stale. Readings of other processes are ignored.
void add_reading(const reading::Reading& reading, measure::MetricFamilies& families);

// The metric name of a field, in the base unit as Prometheus recommends: a field `power` in kW is
// gensetd_reading_power_watts.
std::string reading_metric_name(const profile::Field& field);

// The value of a field in that base unit: 160.6 kW is 160600.
double reading_metric_value(const profile::Field& field, std::int64_t value);

}  // namespace gensetd::api
