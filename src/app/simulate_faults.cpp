#include "app/simulate_faults.hpp"

#include "app/option_values.hpp"
#include "app/read_command.hpp"

#include <cmath>
#include <tuple>

namespace gensetd::app {
namespace {

using simulator::Place;
using std::chrono::milliseconds;

milliseconds seconds_option(const char* option, double seconds) {
  check_range(option, seconds, 0, 86'400);
  return milliseconds{std::llround(seconds * 1'000)};
}

// The bytes that pairs of hexadecimal digits stand for.
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

simulator::Identity identity_of(const SimulateOptions& options) {
  simulator::Identity identity{.text = options.identity,
                               .every = seconds_option("--identity-every", options.identity_every_seconds)};
  enum class When { connect, packet };
  for (const std::string& word : options.identity_when) {
    const auto when =
        one_of<When>("--identity-at", word, {{"connect", When::connect}, {"packet", When::packet}});
    (when == When::connect ? identity.at_connect : identity.before_packets) = true;
  }
  return identity;
}

simulator::IdleStrays idle_strays_of(const SimulateOptions& options) {
  using simulator::StrayIds;
  return {.every = seconds_option("--idle-strays", options.idle_strays_every_seconds),
          .ids = one_of<StrayIds>("--idle-strays-id", options.idle_strays_id,
                                  {{"any", StrayIds::any},
                                   {"before", StrayIds::before},
                                   {"at", StrayIds::at},
                                   {"after", StrayIds::after}})};
}

simulator::ConnectionHabits connections_of(const SimulateOptions& options) {
  check_range("--close-after", options.close_after, 0, 1'000'000);
  return {.deaf = seconds_option("--deaf", options.deaf_seconds),
          .closes_after = static_cast<std::uint64_t>(options.close_after),
          .closes_idle = seconds_option("--close-idle", options.close_idle_seconds),
          .drops_oldest = options.drop_oldest};
}

simulator::Faults faults_of(const SimulateOptions& options) {
  simulator::Faults faults = options.faults;
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
                                                    {"--behind", faults.behind.falls},
                                                    {"--stray-chance", faults.strays.chance},
                                                    {"--behind-recover", faults.behind.recovers}};
  for (const auto& [option, value] : chances) check_range(option, value, 0, 1);
  const std::tuple<const char*, int, milliseconds simulator::Faults::*> times[] = {
      {"--delay-ms", options.delay_ms, &simulator::Faults::delay},
      {"--late-by-ms", options.late_by_ms, &simulator::Faults::late_by},
      {"--late-spread-ms", options.late_spread_ms, &simulator::Faults::late_spread},
      {"--doubled-by-ms", options.doubled_by_ms, &simulator::Faults::doubled_by}};
  check_range("--stray-pause-ms", options.stray_pause_ms, 0, 60'000);
  faults.strays.before = bytes_of("--stray-before", options.stray_before);
  faults.strays.behind = bytes_of("--stray-behind", options.stray_behind);
  faults.strays.pause = milliseconds{options.stray_pause_ms};
  faults.behind.readdressed = one_of<bool>("--behind-id", options.behind_id, {{"own", false}, {"new", true}});
  using simulator::EchoedIds;
  faults.ids = one_of<EchoedIds>(
      "--id", options.id, {{"same", EchoedIds::same}, {"one", EchoedIds::one}, {"ahead", EchoedIds::ahead}});
  for (const auto& [option, value, member] : times) {
    check_range(option, value, 0, 60'000);
    faults.*member = milliseconds{value};
  }
  faults.lookalike_place = one_of<Place>("--lookalike-place", options.lookalike_place,
                                         {{"anywhere", Place::anywhere},
                                          {"before", Place::before},
                                          {"after", Place::after},
                                          {"instead", Place::instead}});
  return faults;
}

simulator::Limits limits_of(const SimulateOptions& options) {
  check_range("--merge-limit", options.merge_limit, 1, 125);
  simulator::Limits limits{.registers_max = static_cast<std::uint16_t>(options.merge_limit)};
  for (const std::string& text : options.unknown) {
    const auto range = parse_raw_range(text);
    if (!range) throw BadOption(fmt::format("--unknown: '{}' is no range; give ADDR:COUNT", text));
    limits.unknown.push_back({.first = range->first, .count = range->second});
  }
  limits.refuses_silently =
      one_of<bool>("--refuse", options.refuse, {{"silence", true}, {"exception", false}});
  return limits;
}

simulator::Outage outage_of(const SimulateOptions& options) {
  check_range("--outage-every", options.outage_every_seconds, 0.1, 86'400);
  check_range("--outage-for", options.outage_for_seconds, 0, options.outage_every_seconds);
  return {.period = milliseconds{std::llround(options.outage_every_seconds * 1000)},
          .lasting = milliseconds{std::llround(options.outage_for_seconds * 1000)}};
}

}  // namespace gensetd::app
