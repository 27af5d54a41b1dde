#include "daemon/scan_json.hpp"

#include "profile/words.hpp"
#include "text/host_port.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace gensetd::daemon {
namespace {

namespace json = boost::json;
using poller::ProbeOutcome;

std::string_view word_of(ProbeOutcome outcome) {
  if (outcome == ProbeOutcome::registers) return "registers";
  return outcome == ProbeOutcome::exception ? "exception" : "noise";
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object match_object(const poller::ProfileMatch& match) {
  json::object object{
      {"name", match.profile}, {"fits", poller::to_word(match.confidence)}, {"why", match.why}};
  if (!match.firmware.empty()) object["firmware"] = match.firmware;
  return object;
}

json::object unit_object(const poller::ScannedUnit& unit) {
  json::array profiles;
  for (const poller::ProfileMatch& match : unit.matches) profiles.push_back(match_object(match));
  return {{"unit", unit.unit_id},
          {"protocol", profile::to_word(unit.protocol)},
          {"answers", word_of(unit.outcome)},
          {"error", text_or_null(unit.error)},
          {"profiles", std::move(profiles)}};
}

json::object scan_object(const std::string& host, std::uint16_t port, const poller::ScanResult& result) {
  json::array units;
  const poller::ReportedUnits shown = poller::reported_units(result);
  for (const poller::ScannedUnit* unit : shown.units) units.push_back(unit_object(*unit));
  std::string others = poller::line_in_use_remark(result, shown);
  if (others.ends_with('\n')) others.pop_back();
  std::ranges::replace(others, '\n', ';');
  return {{"address", text::print_host_port(host, port)},
          {"units", std::move(units)},
          {"others", text_or_null(others)},
          {"stopped", result.stopped}};
}

}  // namespace

std::string scan_json(const std::string& host, std::uint16_t port, const poller::ScanResult& result) {
  return json::serialize(scan_object(host, port, result));
}

std::string scan_json_with_error(const std::string& host, std::uint16_t port,
                                 const poller::ScanResult& result) {
  json::object body = scan_object(host, port, result);
  const bool is_found = !result.error.empty() || !result.units.empty();
  body["error"] = text_or_null(is_found ? result.error : result.first_failure);
  return json::serialize(body);
}

}  // namespace gensetd::daemon
