#include "commands/scan_options.hpp"

#include "commands/read_options.hpp"
#include "text/list.hpp"
#include "text/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gensetd::commands {
namespace {

using modbus::Protocol;

// The registered port of Modbus TCP; converters in transparent mode usually listen on another one.
constexpr std::uint16_t modbus_tcp_port = 502;

std::vector<Protocol> protocols_of(const ScanOptions& options, std::uint16_t port) {
  if (!options.protocol.empty()) return {checked_protocol(options.protocol)};
  if (port == modbus_tcp_port) return {Protocol::tcp, Protocol::rtu_over_tcp};
  return {Protocol::rtu_over_tcp, Protocol::tcp};
}

void check_units(const ScanJob& job) {
  if (job.protocols != std::vector{Protocol::rtu_over_tcp}) return;
  for (const std::uint8_t unit_id : job.units) {
    if (!poller::is_unit_of(Protocol::rtu_over_tcp, unit_id))
      throw BadOption(fmt::format("--units: {} is out of range; rtu_over_tcp takes 1 to 247", unit_id));
  }
}

}  // namespace

ScanJob job_of(const ScanOptions& options) {
  const auto where = parse_host_and_port(options.address);
  if (!where)
    throw BadOption(
        fmt::format("'{}' is not an address; give HOST, HOST:PORT or [IPV6]:PORT", options.address));
  const auto units = parse_units(options.units);
  if (!units)
    throw BadOption(
        fmt::format("--units: '{}' is not a list of unit ids; give a list such as 1-16,20, each 0 to 255",
                    options.units));
  ScanJob job{.host = where->first,
              .port = where->second,
              .units_text = options.units,
              .units = *units,
              .protocols = protocols_of(options, where->second),
              .timeout = checked_timeout(options.timeout_seconds),
              .json = options.json};
  check_units(job);
  const auto catalog = catalog_with(options.profiles_directory);
  for (const auto& [name, profile] : catalog.all()) job.profiles.push_back(profile);
  return job;
}

poller::ScanPlan plan_of(const ScanJob& job) {
  return {.host = job.host,
          .port = job.port,
          .units = job.units,
          .protocols = job.protocols,
          .profiles = job.profiles,
          .timeout = job.timeout};
}

std::optional<std::vector<std::uint8_t>> parse_units(std::string_view text) {
  std::set<std::uint8_t> units;
  for (const std::string_view entry : text::split_list(text)) {
    const auto dash = entry.find('-');
    const auto first = text::parse_number<std::uint8_t>(entry.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : text::parse_number<std::uint8_t>(entry.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    for (unsigned unit_id = *first; unit_id <= *last; ++unit_id)
      units.insert(static_cast<std::uint8_t>(unit_id));
  }
  return std::vector<std::uint8_t>(units.begin(), units.end());
}

}  // namespace gensetd::commands
