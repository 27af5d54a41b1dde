#pragma once

#include "commands/scan_options.hpp"
#include "poller/scan_result.hpp"

#include <string>

namespace gensetd::commands {

// A table with remarks below it. When the line is in use, units that did not respond have no row; one remark
// says that the line is in use.
std::string scan_table(const ScanJob& job, const poller::ScanResult& result);

// The error when no controller responded; empty otherwise.
std::string scan_failure(const ScanJob& job, const poller::ScanResult& result);

}  // namespace gensetd::commands
