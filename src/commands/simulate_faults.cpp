#include "commands/simulate_faults.hpp"

#include "commands/option_values.hpp"
#include "commands/read_command.hpp"

#include <cmath>
#include <tuple>

namespace gensetd::commands {
namespace {

using simulator::LookalikePosition;
using std::chrono::milliseconds;

milliseconds seconds_option(const char* option, double seconds) {
  check_range(option, seconds, 0, 86'400);
  return milliseconds{std::llround(seconds * 1'000)};
}

// Decodes pairs of hexadecimal digits.
std::vector<std::uint8_t> bytes_of(const char* option, const std::string& digits) {
  constexpr std::size_t bytes_max = 64;
  std::vector<std::uint8_t> bytes;
  const bool is_hex = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!is_hex || digits.size() % 2 != 0 || digits.size() > 2 * bytes_max) {
    throw BadOption(fmt::format("{}: '{}' is not allowed; give up to {} pairs of hexadecimal digits", option,
                                digits, bytes_max));
  }
  for (std::size_t place = 0; place < digits.size(); place += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(place, 2), nullptr, 16)));
  return bytes;
}

}  // namespace

simulator::ConverterIdentity identity_of(const SimulateOptions& options) {
  simulator::ConverterIdentity identity{
      .text = options.identity, .every = seconds_option("--identity-every", options.identity_every_seconds)};
  enum class When { connect, packet };
  for (const std::string& word : options.identity_when) {
    const auto when =
        one_of<When>("--identity-at", word, {{"connect", When::connect}, {"packet", When::packet}});
    (when == When::connect ? identity.at_connect : identity.before_packets) = true;
  }
  return identity;
}

simulator::UnsolicitedData unsolicited_data_of(const SimulateOptions& options) {
  using simulator::UnsolicitedIds;
  return {.every = seconds_option("--idle-strays", options.unsolicited_every_seconds),
          .ids = one_of<UnsolicitedIds>("--idle-strays-id", options.unsolicited_id,
                                        {{"any", UnsolicitedIds::any},
                                         {"before", UnsolicitedIds::before},
                                         {"at", UnsolicitedIds::at},
                                         {"after", UnsolicitedIds::after}})};
}

simulator::ConnectionBehaviour connections_of(const SimulateOptions& options) {
  check_range("--close-after", options.close_after, 0, 1'000'000);
  return {.ignores_requests_for = seconds_option("--deaf", options.deaf_seconds),
          .closes_after_responses = static_cast<std::uint64_t>(options.close_after),
          .idle_timeout = seconds_option("--close-idle", options.close_idle_seconds),
          .evicts_oldest = options.drop_oldest};
}

simulator::LineFaults faults_of(const SimulateOptions& options) {
  simulator::LineFaults faults = options.faults;
  const std::pair<const char*, double> chances[] = {{"--silence", faults.silence},
                                                    {"--late", faults.late},
                                                    {"--doubled", faults.doubled},
                                                    {"--split", faults.split},
                                                    {"--merge", faults.merge},
                                                    {"--wrong-crc", faults.wrong_crc},
                                                    {"--garbage", faults.garbage},
                                                    {"--exception", faults.exception},
                                                    {"--reset", faults.reset},
                                                    {"--hang", faults.hang},
                                                    {"--wrong-unit", faults.wrong_unit},
                                                    {"--foreign", faults.foreign},
                                                    {"--lookalike", faults.lookalike},
                                                    {"--lookalike-request", faults.lookalike_request},
                                                    {"--short", faults.short_response},
                                                    {"--behind", faults.lag.start_chance},
                                                    {"--stray-chance", faults.stray_bytes.chance},
                                                    {"--behind-recover", faults.lag.end_chance}};
  for (const auto& [option, value] : chances) check_range(option, value, 0, 1);
  const std::tuple<const char*, int, milliseconds simulator::LineFaults::*> times[] = {
      {"--delay-ms", options.delay_ms, &simulator::LineFaults::delay},
      {"--late-by-ms", options.late_by_ms, &simulator::LineFaults::late_by},
      {"--late-spread-ms", options.late_spread_ms, &simulator::LineFaults::late_spread},
      {"--doubled-by-ms", options.doubled_by_ms, &simulator::LineFaults::doubled_by}};
  check_range("--stray-pause-ms", options.stray_pause_ms, 0, 60'000);
  faults.stray_bytes.before = bytes_of("--stray-before", options.stray_before);
  faults.stray_bytes.after = bytes_of("--stray-behind", options.stray_behind);
  faults.stray_bytes.pause = milliseconds{options.stray_pause_ms};
  faults.lag.renumbered = one_of<bool>("--behind-id", options.behind_id, {{"own", false}, {"new", true}});
  using simulator::ResponseIds;
  faults.ids = one_of<ResponseIds>(
      "--id", options.id,
      {{"same", ResponseIds::same}, {"one", ResponseIds::one}, {"ahead", ResponseIds::ahead}});
  for (const auto& [option, value, member] : times) {
    check_range(option, value, 0, 60'000);
    faults.*member = milliseconds{value};
  }
  faults.lookalike_position = one_of<LookalikePosition>("--lookalike-place", options.lookalike_place,
                                                        {{"anywhere", LookalikePosition::anywhere},
                                                         {"before", LookalikePosition::before},
                                                         {"after", LookalikePosition::after},
                                                         {"instead", LookalikePosition::instead}});
  return faults;
}

simulator::ReadLimits limits_of(const SimulateOptions& options) {
  check_range("--merge-limit", options.merge_limit, 1, 125);
  simulator::ReadLimits limits{.registers_max = static_cast<std::uint16_t>(options.merge_limit)};
  for (const std::string& text : options.unknown) {
    const auto range = parse_raw_range(text);
    if (!range) throw BadOption(fmt::format("--unknown: '{}' is not a range; give [TABLE/]ADDR:COUNT", text));
    limits.unknown.push_back(*range);
  }
  limits.refuses_silently =
      one_of<bool>("--refuse", options.refuse, {{"silence", true}, {"exception", false}});
  return limits;
}

simulator::LineOutage outage_of(const SimulateOptions& options) {
  check_range("--outage-every", options.outage_every_seconds, 0.1, 86'400);
  check_range("--outage-for", options.outage_for_seconds, 0, options.outage_every_seconds);
  return {.period = milliseconds{std::llround(options.outage_every_seconds * 1000)},
          .lasting = milliseconds{std::llround(options.outage_for_seconds * 1000)}};
}

}  // namespace gensetd::commands
