#pragma once

#include "modbus/read_request.hpp"
#include "poller/scan_evaluation.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gensetd::poller {

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
  // The first failure of a unit that is no silence, such as a connection that the peer closed.
  std::string first_failure;
  std::vector<ScannedUnit> units;
  std::size_t units_requested = 0;  // number of unit ids, in the last protocol
  std::string foreign_traffic;      // foreign_traffic_warning()
  bool stopped = false;             // by a signal, or by its deadline
};

// Whether the unit is a controller.
bool responds(const ScannedUnit& unit);

// Whether a controller responded.
bool has_controller(const ScanResult& result);

// Whether other clients or masters use the line. Their frames are no evidence of the units that were
// requested at that time.
bool is_line_in_use(const ScanResult& result);

// Which units are shown, and how many are omitted: when the line is in use, those that did not respond.
struct ReportedUnits {
  std::vector<const ScannedUnit*> units;
  std::size_t left_out = 0;
  std::string first_error;  // of the omitted units
};
ReportedUnits reported_units(const ScanResult& result);

// What is said once of a line in use, in lines that end with "\n"; else empty.
std::string line_in_use_remark(const ScanResult& result, const ReportedUnits& shown);

}  // namespace gensetd::poller
