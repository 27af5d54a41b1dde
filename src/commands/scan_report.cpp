#include "commands/scan_report.hpp"

#include "commands/reading_table.hpp"
#include "poller/describe.hpp"
#include "profile/words.hpp"
#include "registry/types.hpp"
#include "text/host_port.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace gensetd::commands {
namespace {

namespace json = boost::json;

bool responds(const ScannedUnit& unit) {
  return unit.outcome == ProbeOutcome::registers || unit.outcome == ProbeOutcome::exception;
}

std::string row(std::string_view unit, std::string_view protocol, std::string_view profile,
                std::string_view matches, std::string_view why) {
  return fmt::format("{:>4}  {} {} {} {}\n", unit, padded(protocol, 13), padded(profile, 12),
                     padded(matches, 9), why);
}

std::string rows(const ScannedUnit& unit) {
  const std::string unit_id = std::to_string(unit.unit_id);
  const std::string_view protocol = profile::to_word(unit.protocol);
  if (unit.matches.empty()) return row(unit_id, protocol, "-", "-", unit.error);
  std::string text;
  for (const ProfileMatch& match : unit.matches) {
    const bool is_first = text.empty();
    text += row(is_first ? unit_id : "", is_first ? protocol : "", match.profile, to_word(match.confidence),
                match.why);
  }
  return text;
}

// A Modbus TCP device does not need the unit id, and most accept any (implementation guide V1.0b, 4.4.2).
std::string every_unit_remark(const ScanResult& result) {
  const bool all_answer = result.units.size() == result.units_requested && result.units_requested > 1 &&
                          std::ranges::all_of(result.units, [](const ScannedUnit& unit) {
                            return unit.protocol == modbus::Protocol::tcp && responds(unit);
                          });
  if (!all_answer) return {};
  return "every unit id answers: most likely it is one controller that accepts any unit id\n";
}

std::string equal_matches_remark(const ScannedUnit& unit) {
  if (unit.matches.size() < 2 || unit.matches[0].confidence == MatchConfidence::no_match) return {};
  const ProfileMatch& first = unit.matches[0];
  const ProfileMatch& second = unit.matches[1];
  if (first.confidence != second.confidence || first.supporting_points - first.contradicting_points !=
                                                   second.supporting_points - second.contradicting_points)
    return {};
  return fmt::format(
      "unit {}: {} and {} fit equally well: compare `gensetd read` with the controller's display\n",
      unit.unit_id, first.profile, second.profile);
}

std::string_view word(ProbeOutcome outcome) {
  if (outcome == ProbeOutcome::registers) return "registers";
  return outcome == ProbeOutcome::exception ? "exception" : "noise";
}

bool is_foreign(const ScannedUnit& unit) { return unit.outcome == ProbeOutcome::foreign_frames; }

// Which units are shown, and how many are omitted.
struct ReportedUnits {
  std::vector<const ScannedUnit*> units;
  std::size_t left_out = 0;
  std::string first_error;  // of the omitted units
};

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

}  // namespace

// A single foreign frame may be the response of a unit with another id than the requested one.
bool is_line_in_use(const ScanResult& result) {
  return !result.foreign_traffic.empty() || std::ranges::count_if(result.units, is_foreign) >= 2;
}

bool has_controller(const ScanResult& result) { return std::ranges::any_of(result.units, responds); }

std::string scan_table(const ScanJob& job, const ScanResult& result) {
  std::string text;
  const ReportedUnits shown = reported_units(result);
  if (!shown.units.empty()) {
    text += text::print_host_port(job.host, job.port) + "\n";
    text += row("unit", "protocol", "profile", "fits", "why");
  }
  for (const ScannedUnit* unit : shown.units) text += rows(*unit);
  for (const ScannedUnit& unit : result.units) text += equal_matches_remark(unit);
  text += every_unit_remark(result);
  text += line_in_use_remark(result, shown);
  if (result.stopped) text += "stopped before the end\n";
  return text;
}

std::string scan_json(const ScanJob& job, const ScanResult& result) {
  json::array units;
  const ReportedUnits shown = reported_units(result);
  for (const ScannedUnit* unit : shown.units) {
    json::array profiles;
    for (const ProfileMatch& match : unit->matches)
      profiles.push_back(
          json::object{{"name", match.profile}, {"fits", to_word(match.confidence)}, {"why", match.why}});
    units.push_back(
        json::object{{"unit", unit->unit_id},
                     {"protocol", profile::to_word(unit->protocol)},
                     {"answers", word(unit->outcome)},
                     {"error", unit->error.empty() ? json::value(nullptr) : json::value(unit->error)},
                     {"profiles", std::move(profiles)}});
  }
  std::string foreign_traffic = line_in_use_remark(result, shown);
  if (foreign_traffic.ends_with('\n')) foreign_traffic.pop_back();
  std::ranges::replace(foreign_traffic, '\n', ';');
  const json::object body{
      {"address", text::print_host_port(job.host, job.port)},
      {"units", std::move(units)},
      {"others", foreign_traffic.empty() ? json::value(nullptr) : json::value(foreign_traffic)},
      {"stopped", result.stopped}};
  return json::serialize(body) + "\n";
}

std::string scan_failure(const ScanJob& job, const ScanResult& result) {
  if (!result.error.empty()) return result.error;
  if (has_controller(result)) return {};
  if (is_line_in_use(result))
    return fmt::format("{}: no controller answered as unit {} while the line was in use",
                       text::print_host_port(job.host, job.port), job.units_text);
  std::string protocols;
  for (const modbus::Protocol protocol : job.protocols)
    protocols += fmt::format("{}{}", protocols.empty() ? "" : " or ", profile::to_word(protocol));
  return fmt::format(
      "{}: the port is open, but no controller answered as unit {} in {}, waiting {:.2g} s each; check "
      "wiring "
      "and baud rate, try a longer --timeout, or --units 1-247",
      text::print_host_port(job.host, job.port), job.units_text, protocols,
      static_cast<double>(job.timeout.count()) / 1000.0);
}

}  // namespace gensetd::commands
