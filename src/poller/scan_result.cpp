#include "poller/scan_result.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gensetd::poller {

bool responds(const ScannedUnit& unit) {
  return unit.outcome == ProbeOutcome::registers || unit.outcome == ProbeOutcome::exception;
}

bool has_controller(const ScanResult& result) { return std::ranges::any_of(result.units, responds); }

// A single foreign frame may be the response of a unit with another id than the requested one.
bool is_line_in_use(const ScanResult& result) {
  const auto foreign = std::ranges::count(result.units, ProbeOutcome::foreign_frames, &ScannedUnit::outcome);
  return !result.foreign_traffic.empty() || foreign >= 2;
}

ReportedUnits reported_units(const ScanResult& result) {
  ReportedUnits shown;
  const bool in_use = is_line_in_use(result);
  for (const ScannedUnit& unit : result.units) {
    if (!in_use || responds(unit)) {
      shown.units.push_back(&unit);
    } else if (shown.left_out++ == 0) {
      shown.first_error = unit.error;
    }
  }
  return shown;
}

std::string line_in_use_remark(const ScanResult& result, const ReportedUnits& shown) {
  std::string text;
  if (!result.foreign_traffic.empty()) text += result.foreign_traffic + "\n";
  if (!is_line_in_use(result)) return text;
  text += "the line is in use; ";
  if (shown.left_out > 0)
    text += fmt::format("unit ids with only foreign frames, not shown: {} (the first: {}); ", shown.left_out,
                        shown.first_error);
  return text +
         "stop the other client or master and scan again, or read through the gensetd that uses the line: "
         "gensetd read --via URL\n";
}

}  // namespace gensetd::poller
