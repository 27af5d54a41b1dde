#pragma once

#include "app/scan_options.hpp"
#include "app/scan_verdict.hpp"

#include <string>
#include <vector>

namespace gensetd::app {

// One unit that is there, or from where only noise came.
struct ScannedUnit {
  std::uint8_t unit_id = 0;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  Heard heard = Heard::silence;
  std::string error;      // unless registers came
  std::vector<Fit> fits;  // ranked
};

struct ScanResult {
  std::string error;  // no connection: at which step; else empty
  std::vector<ScannedUnit> units;
  std::size_t asked = 0;  // unit ids, in the protocol spoken
  std::string others;     // somebody else on the line, for people; or empty
  bool stopped = false;   // by a signal
};

// Whether other clients or masters use the line: their frames say nothing of the units that were asked when
// they came.
bool is_line_in_use(const ScanResult& result);

// Whether a controller answered: the exit status.
bool is_something_there(const ScanResult& result);

// A table, with what else there is to say below it. On a line that is in use the units from where no answer
// came have no row; a remark below tells that the line is in use, once.
std::string scan_table(const ScanJob& job, const ScanResult& result);

// {"address":…,"units":[{"unit":…,"protocol":…,"answers":…,"error":…,"profiles":[…]}],"others":…}
std::string scan_json(const ScanJob& job, const ScanResult& result);

// What to say when nothing answered; empty otherwise.
std::string scan_failure(const ScanJob& job, const ScanResult& result);

}  // namespace gensetd::app
