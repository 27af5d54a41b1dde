#include "commands/scan_report.hpp"

#include "commands/reading_table.hpp"
#include "poller/describe.hpp"
#include "profile/words.hpp"
#include "registry/types.hpp"
#include "text/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace gensetd::commands {
namespace {

using poller::MatchConfidence;
using poller::ProfileMatch;
using poller::ReportedUnits;
using poller::ScannedUnit;
using poller::ScanResult;

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
  const bool is_other_model = first.by_identity && first.confidence == MatchConfidence::unlikely;
  if (is_other_model || first.by_identity != second.by_identity) return {};
  if (first.confidence != second.confidence || first.supporting_points - first.contradicting_points !=
                                                   second.supporting_points - second.contradicting_points)
    return {};
  return fmt::format(
      "unit {}: {} and {} fit equally well: compare `gensetd read` with the controller's display\n",
      unit.unit_id, first.profile, second.profile);
}

}  // namespace

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

std::string scan_failure(const ScanJob& job, const ScanResult& result) {
  if (!result.error.empty()) return result.error;
  if (has_controller(result)) return {};
  if (is_line_in_use(result))
    return fmt::format("{}: no controller answered as unit {} while the line was in use",
                       text::print_host_port(job.host, job.port), job.units_text);
  std::string protocols;
  for (const modbus::Protocol protocol : job.protocols)
    protocols += fmt::format("{}{}", protocols.empty() ? "" : " or ", profile::to_word(protocol));
  if (!result.first_failure.empty())
    return fmt::format(
        "{}: the port is open, but no controller answered as unit {} in {}; the first failure: {}",
        text::print_host_port(job.host, job.port), job.units_text, protocols, result.first_failure);
  return fmt::format(
      "{}: the port is open, but no controller answered as unit {} in {}, waiting {:.2g} s each; check "
      "wiring "
      "and baud rate, try a longer --timeout, or --units 1-247",
      text::print_host_port(job.host, job.port), job.units_text, protocols,
      static_cast<double>(job.timeout.count()) / 1000.0);
}

}  // namespace gensetd::commands
