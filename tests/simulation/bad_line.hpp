#pragma once

#include "poller/schedule.hpp"
#include "simulator/options.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gensetd::simulation {

// A serial line with faults behind a converter, and its devices.
struct BadLineOptions {
  simulator::LineFaults faults;
  std::vector<std::string> profiles{"hgm9560", "hgm9560", "hgm9560"};  // of units 1, 2, ...
  poller::PollSettings settings;
  std::chrono::minutes length{60};
  std::uint64_t seed = 1;
  unsigned baud = 9'600;
  std::chrono::milliseconds turnaround{60};
  bool has_alarms = false;  // the controllers' alarms come and go, so that their alarm words are read
  bool printed = false;     // each event goes to the standard error output
};

// The faults of the reference bad line (PRODUCT.md, Modbus).
simulator::LineFaults reference_faults();

// What the line is used for at a moment.
enum class LineUse : std::uint8_t {
  first_request,  // first attempt of a read, with a response
  longer_read,    // additional registers that make its response distinguishable
  unanswered,     // a request without a usable response, until it is given up
  retry,          // another attempt, with a response
  confirmation,   // a response is requested again before it is used
  reread,         // a response that became doubtful is requested again
  request_gap,    // silence before a request that waits
  hold,   // a request waits for longer than that: foreign traffic, or no distinguishable length is free
  pause,  // no request waits, but a cycle is in progress: settling, or the pause before a retry
  idle,   // no cycle is in progress
};
inline constexpr std::size_t line_uses = 10;
const char* word(LineUse use);

struct BadLineMetrics {
  std::uint64_t readings = 0;
  std::uint64_t online = 0;
  std::uint64_t values = 0;
  std::uint64_t wrong_values = 0;
  std::uint64_t alarm_words = 0;  // that were read because of an alarm
  std::uint64_t wrong_words = 0;
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;  // from here on as the daemon's diagnostics count them
  std::uint64_t timeouts = 0;
  std::uint64_t broken_frames = 0;
  std::uint64_t foreign_frames = 0;
  std::uint64_t late_responses = 0;
  std::uint64_t doubled_responses = 0;
  std::uint64_t confirmations = 0;
  std::uint64_t suspect_responses = 0;
  std::chrono::nanoseconds length{0};
  std::chrono::nanoseconds settling{0};  // from the last response to publication, all good readings together
  std::array<std::chrono::nanoseconds, line_uses> use{};
  double wire_readings_per_second = 0;  // if only the wire, the turnaround and the request gap cost time
  std::uint64_t hash = 0;               // of all events: the same options give the same run

  double online_share() const;
  double requests_per_reading() const;  // of good readings
  double readings_per_second() const;   // of good readings
  double share_of(LineUse which) const;
};

// Runs the program's own device pollers, connections and sockets against such a line, in simulated time.
// Every register encodes its unit, its address and the time when it was read.
BadLineMetrics run_bad_line(const BadLineOptions& options);

}  // namespace gensetd::simulation
