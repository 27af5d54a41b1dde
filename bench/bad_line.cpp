// Three devices behind a simulated 9600-baud converter line on which everything goes wrong at random:
// readings, share online, wrong values, requests per reading, and what the time of the line is used for. The
// program's own device pollers, connections and sockets run in simulated time (tests/simulation), so an hour
// takes seconds and the same seed gives the same figures. Without a fault option: a table of a clean line,
// the reference line, and each of its faults alone. Exit status 1 when a value is wrong or fewer readings
// than --least-online are online.

#include "simulation/bad_line.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::bench {
namespace {

using simulation::BadLineMetrics;
using simulation::BadLineOptions;
using simulation::LineUse;
using std::chrono::milliseconds;

struct Arguments {
  double minutes = 60;
  double interval_seconds = 2;
  double timeout_seconds = 2;
  double retry_delay_seconds = 5;
  int offline_after = 1;
  std::uint64_t seed = 1;
  std::vector<std::string> profiles{"hgm9560", "hgm9560", "hgm9560"};
  int turnaround_ms = 60;
  int baud = 9'600;
  int late_by_ms = 3'000;
  int late_spread_ms = 0;
  double least_online = 0;
  bool trace = false;
  // Per cent; negative: not given.
  double late = -1, lost = -1, corrupt = -1, garbage = -1, doubled = -1, foreign = -1;

  bool has_faults() const {
    return late >= 0 || lost >= 0 || corrupt >= 0 || garbage >= 0 || doubled >= 0 || foreign >= 0;
  }
};

struct Row {
  std::string name;
  BadLineOptions options;
};

milliseconds in_ms(double seconds) { return milliseconds{std::llround(seconds * 1'000)}; }

BadLineOptions options_of(const Arguments& arguments) {
  BadLineOptions options{.profiles = arguments.profiles,
                         .length = std::chrono::minutes{std::llround(arguments.minutes)},
                         .seed = arguments.seed,
                         .baud = static_cast<unsigned>(arguments.baud),
                         .turnaround = milliseconds{arguments.turnaround_ms},
                         .printed = arguments.trace};
  options.settings = {.poll_interval = in_ms(arguments.interval_seconds),
                      .modbus_timeout = in_ms(arguments.timeout_seconds),
                      .retry_delay = in_ms(arguments.retry_delay_seconds),
                      .offline_after = arguments.offline_after};
  options.faults.late_by = milliseconds{arguments.late_by_ms};
  options.faults.late_spread = milliseconds{arguments.late_spread_ms};
  return options;
}

simulator::LineFaults with_chances(simulator::LineFaults faults, const simulator::LineFaults& chances) {
  faults.silence = chances.silence;
  faults.late = chances.late;
  faults.doubled = chances.doubled;
  faults.wrong_crc = chances.wrong_crc;
  faults.garbage = chances.garbage;
  faults.foreign = chances.foreign;
  return faults;
}

std::vector<Row> rows_of(const Arguments& arguments) {
  const BadLineOptions clean = options_of(arguments);
  std::vector<Row> rows;
  const auto add = [&](std::string name, const simulator::LineFaults& chances) -> BadLineOptions& {
    rows.push_back({std::move(name), clean});
    rows.back().options.faults = with_chances(clean.faults, chances);
    return rows.back().options;
  };
  if (arguments.has_faults()) {
    const auto chance = [](double per_cent) { return std::max(0.0, per_cent) / 100; };
    add("as given", {.silence = chance(arguments.lost),
                     .late = chance(arguments.late),
                     .doubled = chance(arguments.doubled),
                     .wrong_crc = chance(arguments.corrupt),
                     .garbage = chance(arguments.garbage),
                     .foreign = chance(arguments.foreign)});
    return rows;
  }
  const simulator::LineFaults reference = simulation::reference_faults();
  add("clean", {});
  add("reference", reference);
  add("reference, interval 10 s", reference).settings.poll_interval = milliseconds{10'000};
  add("reference, HGM9520N", reference).profiles = {"hgm9520n", "hgm9520n", "hgm9560"};
  add("8 % late", {.late = reference.late});
  BadLineOptions& sooner = add("8 % late by 0.3 to 1.5 s", {.late = reference.late});
  sooner.faults.late_by = milliseconds{300};
  sooner.faults.late_spread = milliseconds{1'200};
  add("4 % lost", {.silence = reference.silence});
  add("5 % corrupt", {.wrong_crc = reference.wrong_crc});
  add("5 % garbage", {.garbage = reference.garbage});
  add("5 % doubled", {.doubled = reference.doubled});
  add("15 % foreign", {.foreign = reference.foreign});
  return rows;
}

constexpr std::array uses{LineUse::first_request, LineUse::longer_read, LineUse::unanswered,  LineUse::retry,
                          LineUse::confirmation,  LineUse::reread,      LineUse::request_gap, LineUse::hold,
                          LineUse::pause,         LineUse::idle};
static_assert(uses.size() == simulation::line_uses);

void print_results(const std::vector<Row>& rows, const std::vector<BadLineMetrics>& all) {
  fmt::print("{:<26} readings  online %   wrong  requests/reading  readings/s  wire alone  settling ms\n",
             "");
  for (std::size_t index = 0; index < rows.size(); ++index) {
    const BadLineMetrics& metrics = all[index];
    const double settling = std::chrono::duration<double, std::milli>(metrics.settling).count() /
                            static_cast<double>(std::max<std::uint64_t>(1, metrics.online));
    fmt::print("{:<26} {:8} {:9.1f} {:7} {:17.2f} {:11.3f} {:11.3f} {:12.0f}\n", rows[index].name,
               metrics.readings, 100 * metrics.online_share(), metrics.wrong_values,
               metrics.requests_per_reading(), metrics.readings_per_second(),
               metrics.wire_readings_per_second, settling);
  }
}

void print_uses(const std::vector<Row>& rows, const std::vector<BadLineMetrics>& all) {
  fmt::print("\nWhat the time of the line is used for, in per cent:\n{:<26}", "");
  for (const LineUse use : uses) fmt::print(" {:>8}", simulation::word(use));
  fmt::print("\n");
  for (std::size_t index = 0; index < rows.size(); ++index) {
    fmt::print("{:<26}", rows[index].name);
    for (const LineUse use : uses) fmt::print(" {:8.1f}", 100 * all[index].share_of(use));
    fmt::print("\n");
  }
  fmt::print(
      "first: first attempts, answered; longer: their registers beyond those wanted; lost: requests without "
      "a\n"
      "usable response, until they are given up; retry: further attempts, answered; confirm: responses "
      "requested\n"
      "again before they are used; re-read: responses requested again after a doubt; gap: silence before a\n"
      "request; hold: a request waits longer (foreign traffic, no free length); pause: no request waits, but "
      "a\n"
      "cycle is in progress (settling, the pause before a retry); idle: no cycle is in progress\n");
}

void print_counts(const std::vector<Row>& rows, const std::vector<BadLineMetrics>& all) {
  fmt::print("\nCounted by the diagnostics, per 100 requests:\n{:<26}", "");
  for (const char* title :
       {"retries", "timeouts", "broken", "foreign", "late", "doubled", "confirm", "doubts"})
    fmt::print(" {:>8}", title);
  fmt::print("\n");
  for (std::size_t index = 0; index < rows.size(); ++index) {
    const BadLineMetrics& metrics = all[index];
    fmt::print("{:<26}", rows[index].name);
    for (const std::uint64_t count :
         {metrics.retries, metrics.timeouts, metrics.broken_frames, metrics.foreign_frames,
          metrics.late_responses, metrics.doubled_responses, metrics.confirmations,
          metrics.suspect_responses}) {
      const auto requests = static_cast<double>(std::max<std::uint64_t>(1, metrics.requests));
      fmt::print(" {:8.2f}", 100 * static_cast<double>(count) / requests);
    }
    fmt::print("\n");
  }
}

int run(const Arguments& arguments) {
  const std::vector<Row> rows = rows_of(arguments);
  std::vector<BadLineMetrics> all;
  bool holds = true;
  for (const Row& row : rows) {
    all.push_back(simulation::run_bad_line(row.options));
    if (all.back().wrong_values != 0 || 100 * all.back().online_share() < arguments.least_online)
      holds = false;
  }
  fmt::print("{} devices at {} baud, turnaround {} ms, {:g} minutes, seed {}\n\n", arguments.profiles.size(),
             arguments.baud, arguments.turnaround_ms, arguments.minutes, arguments.seed);
  print_results(rows, all);
  print_uses(rows, all);
  print_counts(rows, all);
  return holds ? 0 : 1;
}

void add_options(CLI::App& app, Arguments& arguments) {
  const auto add = [&](const char* name, auto& value, const char* meaning) {
    return app.add_option(name, value, meaning)->capture_default_str();
  };
  add("--minutes", arguments.minutes, "Simulated time of each line")->check(CLI::Range(1.0, 1e6));
  add("--seed", arguments.seed, "The same seed gives the same figures");
  const auto per_cent = [&](const char* name, double& value, const char* meaning) {
    app.add_option(name, value, meaning)->check(CLI::Range(0.0, 100.0));
  };
  per_cent("--late", arguments.late, "Per cent of the responses that come late");
  per_cent("--lost", arguments.lost, "Per cent that never come");
  per_cent("--corrupt", arguments.corrupt, "Per cent with a wrong CRC");
  per_cent("--garbage", arguments.garbage, "Per cent replaced by random bytes");
  per_cent("--doubled", arguments.doubled, "Per cent that come twice");
  per_cent("--foreign", arguments.foreign, "Per cent with another master's frame before them");
  add("--late-by-ms", arguments.late_by_ms, "A late response comes so late at least")
      ->check(CLI::Range(0, 60'000));
  add("--late-spread-ms", arguments.late_spread_ms, "and up to so much later")->check(CLI::Range(0, 60'000));
  add("--interval", arguments.interval_seconds, "POLL_INTERVAL in seconds")->check(CLI::Range(0.1, 86'400.0));
  add("--timeout", arguments.timeout_seconds, "MODBUS_TIMEOUT in seconds")->check(CLI::Range(0.05, 60.0));
  add("--retry-delay", arguments.retry_delay_seconds, "MODBUS_RETRY_DELAY in seconds")
      ->check(CLI::Range(0.05, 3'600.0));
  add("--offline-after", arguments.offline_after, "OFFLINE_AFTER")->check(CLI::Range(1, 1'000));
  add("--profiles", arguments.profiles, "Profiles of units 1, 2, ...")->delimiter(',');
  add("--baud", arguments.baud, "Of the line, with 11 bits a character")->check(CLI::Range(300, 1'000'000));
  add("--turnaround-ms", arguments.turnaround_ms, "From request to response")->check(CLI::Range(0, 10'000));
  add("--least-online", arguments.least_online, "Exit status 1 below this per cent of readings online");
  app.add_flag("--trace", arguments.trace, "Print each event to the standard error output");
}

}  // namespace
}  // namespace gensetd::bench

int main(int argc, char** argv) {
  gensetd::bench::Arguments arguments;
  CLI::App app{"A bad serial line in simulated time", "bad_line"};
  gensetd::bench::add_options(app, arguments);
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::off);
  try {
    return gensetd::bench::run(arguments);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "bad_line: {}\n", failure.what());
    return 2;
  }
}
