#pragma once

#include "poller/scan_result.hpp"

#include <cstdint>
#include <string>

namespace gensetd::daemon {

// The result of a scan for programs: {"address":…,"units":[{"unit":…,"protocol":…,"answers":…,"error":…,
// "profiles":[{"name":…,"fits":…,"why":…}]}],"others":…,"stopped":…}. A profile has a "firmware" too when it
// is known.
std::string scan_json(const std::string& host, std::uint16_t port, const poller::ScanResult& result);

// The same with "error": why there was no connection, or why no unit responded where it is not silence; or
// null.
std::string scan_json_with_error(const std::string& host, std::uint16_t port,
                                 const poller::ScanResult& result);

}  // namespace gensetd::daemon
