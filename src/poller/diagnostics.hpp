#pragma once

#include "link/conversation.hpp"
#include "measure/histogram.hpp"
#include "poller/cycle_history.hpp"
#include "poller/describe.hpp"
#include "poller/error_kind.hpp"
#include "poller/recent_latency.hpp"
#include "poller/schedule.hpp"
#include "profile/read_plan.hpp"
#include "reading/reading.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::poller {

// What has happened since the start, of one device or of all together.
struct Counters {
  std::uint64_t cycles = 0;
  std::uint64_t failed_cycles = 0;
  std::uint64_t retries = 0;
  std::uint64_t slots_missed = 0;  // cycles left out because the one before was late

  Counters& operator+=(const Counters& other);
};

// Of all devices together, since the start.
struct Totals {
  Counters counters;
  ErrorTally errors;               // of requests
  measure::Histogram start_delay;  // from a cycle's slot to its start
  measure::Histogram cycle_time;   // from a cycle's start to its last answer, or to its failure
  measure::Histogram answer_time;  // from a request on the wire to the end of its answer

  Totals& operator+=(const Totals& other);
};

// What a device looks like now. Counted since it is polled with this address and profile; what is of its unit
// id, since its link exists and whoever of this process asked.
struct DeviceFigures {
  reading::Identity identity;
  std::string name;
  Address address;
  Pace pace;
  bool online = false;
  std::optional<reading::Timestamp> last_seen;
  std::int64_t failures_in_a_row = 0;
  Counters counters;
  CycleTally last_hour;
  std::chrono::milliseconds last_cycle{0};  // from its start to its last answer; 0 before the first
  LatencyFigures latency;
  link::Counters unit;
};

// A frame on the line that was not for this process.
struct ForeignFrame {
  modbus::RtuFrame::Kind kind = modbus::RtuFrame::Kind::other;
  std::uint8_t unit_id = 0;
  std::uint8_t function = 0;
  std::uint16_t register_count = 0;
  reading::Timestamp heard_at;
};

// What a connection looks like now. Counted since it exists.
struct LinkFigures {
  std::string address;  // "192.168.97.10:502"
  bool connected = false;
  bool shared = false;  // somebody else is on the line
  std::optional<ForeignFrame> last_foreign;
  std::string stray_bytes;  // what is unusual about the bytes around responses; empty: nothing
  link::LineCounters line;
  link::Counters units;              // the sum of all unit ids, those of others included
  std::chrono::nanoseconds busy{0};  // a request was under way
  double busy_share = 0;             // of the time since the first request, 0 to 1
  double recent_busy_share = 0;      // of the last minute of that
};

// How a device's registers are read.
struct PlanInUse {
  profile::ReadPlan reads;
  profile::ProfilePtr profile;
  bool is_split = false;  // a merged read was refused or not answered: its blocks are read one by one
};

struct Diagnostics {
  DeviceFigures device;
  PlanInUse plan;
  LinkFigures link;
  std::vector<std::int64_t> other_devices = {};  // that share the link, ascending
};

// `wall` is the time of day at `now`.
LinkFigures figures_of(std::string address, const link::Conversation& conversation, SteadyTime now,
                       reading::Timestamp wall);

}  // namespace gensetd::poller
