#pragma once

#include "reading/reading.hpp"

#include <string>
#include <vector>

namespace gensetd::http {

// The readings of this daemon's devices in Prometheus' text format 0.0.4: gensetd_device_online, the age of
// the values as gensetd_device_last_seen_timestamp_seconds, and each field as gensetd_<field>, only of
// devices that are online and only where there is a value: a missing figure is missing, not zero and not
// stale.
std::string print_readings(const std::vector<reading::ReadingPtr>& readings);

}  // namespace gensetd::http
