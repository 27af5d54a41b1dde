#include "app/scan_report.hpp"

#include "app/reading_table.hpp"
#include "poller/describe.hpp"
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

namespace gensetd::app {
namespace {

namespace json = boost::json;

bool answers(const ScannedUnit& unit) {
  return unit.heard == Heard::registers || unit.heard == Heard::refusal;
}

std::string row(std::string_view unit, std::string_view protocol, std::string_view profile,
                std::string_view fits, std::string_view why) {
  return fmt::format("{:>4}  {} {} {} {}\n", unit, padded(protocol, 13), padded(profile, 12), padded(fits, 9),
                     why);
}

std::string rows(const ScannedUnit& unit) {
  const std::string unit_id = std::to_string(unit.unit_id);
  const std::string_view protocol = registry::to_word(unit.protocol);
  if (unit.fits.empty()) return row(unit_id, protocol, "-", "-", unit.error);
  std::string text;
  for (const Fit& fit : unit.fits) {
    const bool is_first = text.empty();
    text +=
        row(is_first ? unit_id : "", is_first ? protocol : "", fit.profile, to_word(fit.sureness), fit.why);
  }
  return text;
}

// A Modbus TCP device has no use for the unit id, and most take any (implementation guide V1.0b, 4.4.2).
std::string remark_on_units(const ScanResult& result) {
  const bool all_answer = result.units.size() == result.asked && result.asked > 1 &&
                          std::ranges::all_of(result.units, [](const ScannedUnit& unit) {
                            return unit.protocol == modbus::Protocol::tcp && answers(unit);
                          });
  if (!all_answer) return {};
  return "every unit id answers: it is most likely one controller that takes any\n";
}

std::string remark_on_equals(const ScannedUnit& unit) {
  if (unit.fits.size() < 2 || unit.fits[0].sureness == Sureness::none) return {};
  const Fit& first = unit.fits[0];
  const Fit& second = unit.fits[1];
  if (first.sureness != second.sureness ||
      first.points_for - first.points_against != second.points_for - second.points_against)
    return {};
  return fmt::format("unit {}: {} and {} fit alike: compare `gensetd read` with the controller's display\n",
                     unit.unit_id, first.profile, second.profile);
}

std::string_view word(Heard heard) {
  if (heard == Heard::registers) return "registers";
  return heard == Heard::refusal ? "exception" : "noise";
}

bool is_foreign(const ScannedUnit& unit) { return unit.heard == Heard::foreign; }

// Which units are shown, and how many are left out.
struct Shown {
  std::vector<const ScannedUnit*> units;
  std::size_t left_out = 0;
  std::string first_error;  // of those left out
};

Shown shown_of(const ScanResult& result) {
  Shown shown;
  const bool in_use = is_line_in_use(result);
  for (const ScannedUnit& unit : result.units) {
    if (!in_use || answers(unit)) {
      shown.units.push_back(&unit);
    } else if (shown.left_out++ == 0) {
      shown.first_error = unit.error;
    }
  }
  return shown;
}

std::string remark_on_use(const ScanResult& result, const Shown& shown) {
  std::string text;
  if (!result.others.empty()) text += result.others + "\n";
  if (!is_line_in_use(result)) return text;
  text += "the line is in use; ";
  if (shown.left_out > 0)
    text += fmt::format("unit ids for which only other frames came, not shown: {} (the first: {}); ",
                        shown.left_out, shown.first_error);
  return text +
         "stop the other client or master and scan again, or read through the gensetd that uses the line: "
         "gensetd read --via URL\n";
}

}  // namespace

// One foreign frame alone may be the answer of a unit that has another id than the one asked.
bool is_line_in_use(const ScanResult& result) {
  return !result.others.empty() || std::ranges::count_if(result.units, is_foreign) >= 2;
}

bool is_something_there(const ScanResult& result) { return std::ranges::any_of(result.units, answers); }

std::string scan_table(const ScanJob& job, const ScanResult& result) {
  std::string text;
  const Shown shown = shown_of(result);
  if (!shown.units.empty()) {
    text += text::print_host_port(job.host, job.port) + "\n";
    text += row("unit", "protocol", "profile", "fits", "why");
  }
  for (const ScannedUnit* unit : shown.units) text += rows(*unit);
  for (const ScannedUnit& unit : result.units) text += remark_on_equals(unit);
  text += remark_on_units(result);
  text += remark_on_use(result, shown);
  if (result.stopped) text += "stopped before the end\n";
  return text;
}

std::string scan_json(const ScanJob& job, const ScanResult& result) {
  json::array units;
  const Shown shown = shown_of(result);
  for (const ScannedUnit* unit : shown.units) {
    json::array profiles;
    for (const Fit& fit : unit->fits)
      profiles.push_back(
          json::object{{"name", fit.profile}, {"fits", to_word(fit.sureness)}, {"why", fit.why}});
    units.push_back(
        json::object{{"unit", unit->unit_id},
                     {"protocol", registry::to_word(unit->protocol)},
                     {"answers", word(unit->heard)},
                     {"error", unit->error.empty() ? json::value(nullptr) : json::value(unit->error)},
                     {"profiles", std::move(profiles)}});
  }
  std::string others = remark_on_use(result, shown);
  if (others.ends_with('\n')) others.pop_back();
  std::ranges::replace(others, '\n', ';');
  const json::object body{{"address", text::print_host_port(job.host, job.port)},
                          {"units", std::move(units)},
                          {"others", others.empty() ? json::value(nullptr) : json::value(others)},
                          {"stopped", result.stopped}};
  return json::serialize(body) + "\n";
}

std::string scan_failure(const ScanJob& job, const ScanResult& result) {
  if (!result.error.empty()) return result.error;
  if (is_something_there(result)) return {};
  if (is_line_in_use(result))
    return fmt::format("{}: no controller answered as unit {} while the line was in use",
                       text::print_host_port(job.host, job.port), job.units_text);
  std::string protocols;
  for (const modbus::Protocol protocol : job.protocols)
    protocols += fmt::format("{}{}", protocols.empty() ? "" : " or ", registry::to_word(protocol));
  return fmt::format(
      "{}: the port is open, but no controller answered as unit {} in {}, waiting {:.2g} s each; check "
      "wiring "
      "and baud rate, try a longer --timeout, or --units 1-247",
      text::print_host_port(job.host, job.port), job.units_text, protocols,
      static_cast<double>(job.timeout.count()) / 1000.0);
}

}  // namespace gensetd::app
