#pragma once

#include "commands/scan_evaluation.hpp"
#include "commands/scan_options.hpp"

#include <string>
#include <vector>

namespace gensetd::commands {

// A unit from which any bytes were received.
struct ScannedUnit {
  std::uint8_t unit_id = 0;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  ProbeOutcome outcome = ProbeOutcome::no_response;
  std::string error;                  // empty when it responded with registers
  std::vector<ProfileMatch> matches;  // best first
};

struct ScanResult {
  std::string error;  // at which step there was no connection; else empty
  std::vector<ScannedUnit> units;
  std::size_t units_requested = 0;  // number of unit ids, in the last protocol
  std::string foreign_traffic;      // foreign_traffic_warning()
  bool stopped = false;             // by a signal
};

// Whether other clients or masters use the line. Their frames are no evidence of the units that were
// requested at that time.
bool is_line_in_use(const ScanResult& result);

// Whether a controller responded.
bool has_controller(const ScanResult& result);

// A table with remarks below it. When the line is in use, units that did not respond have no row; one remark
// says that the line is in use.
std::string scan_table(const ScanJob& job, const ScanResult& result);

// {"address":…,"units":[{"unit":…,"protocol":…,"answers":…,"error":…,"profiles":[…]}],"others":…}
std::string scan_json(const ScanJob& job, const ScanResult& result);

// The error when no controller responded; empty otherwise.
std::string scan_failure(const ScanJob& job, const ScanResult& result);

}  // namespace gensetd::commands
