#pragma once

#include "link/conversation.hpp"
#include "link/link.hpp"
#include "measure/histogram.hpp"
#include "poller/cycle_history.hpp"
#include "poller/device_address.hpp"
#include "poller/error_kind.hpp"
#include "poller/recent_latency.hpp"
#include "poller/schedule.hpp"
#include "reading/reading.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace gensetd::poller {

// Counted since the start, for one device or for all together.
struct PollCounters {
  std::uint64_t cycles = 0;
  std::uint64_t failed_cycles = 0;
  std::uint64_t retries = 0;
  std::uint64_t slots_missed = 0;  // cycles left out because the one before was late

  PollCounters& operator+=(const PollCounters& other);
};

// For all devices together, since the start.
struct PollTotals {
  PollCounters counters;
  ErrorCounts errors;                // of requests
  measure::Histogram start_delay;    // from a cycle's slot to its start
  measure::Histogram cycle_time;     // from a cycle's start to its last response, or to its failure
  measure::Histogram response_time;  // from a request on the wire to the end of its response

  PollTotals& operator+=(const PollTotals& other);
};

// For all devices and all connections.
struct AllTotals {
  PollTotals polling;
  link::PoolTotals links;
};

// The present state of a device. Counters start when it is first polled with this address and profile. `unit`
// counts since the connection exists, and includes requests of every part of this process for the unit id.
struct DeviceMetrics {
  reading::DeviceIdentity identity;
  std::string name;
  DeviceAddress address;
  PollSettings settings;
  bool online = false;
  std::optional<reading::Timestamp> last_seen;
  std::int64_t failures_in_a_row = 0;
  PollCounters counters;
  CycleCounts last_hour;
  std::chrono::milliseconds last_cycle{0};  // from its start to its last response; 0 before the first
  LatencyMetrics latency;
  link::UnitCounters unit;
};

// A frame on the line that was not for this process.
struct ForeignFrame {
  modbus::RtuFrame::Kind kind = modbus::RtuFrame::Kind::other;
  std::uint8_t unit_id = 0;
  std::uint8_t function = 0;
  std::uint16_t register_count = 0;
  reading::Timestamp received_at;
};

// The present state of a connection. Counters start with the connection.
struct LinkMetrics {
  std::string address;  // "192.168.97.10:502"
  bool connected = false;
  bool shared = false;  // another master or client uses the line
  std::optional<ForeignFrame> last_foreign;
  std::string stray_bytes;  // what is unusual about the bytes around responses; empty: nothing
  link::LineCounters line;
  link::UnitCounters units;          // the sum of all unit ids, including those of other masters
  std::chrono::nanoseconds busy{0};  // while a request was pending
  double busy_share = 0;             // of the time since the first request, 0 to 1
  double recent_busy_share = 0;      // of the last minute, 0 to 1
};

// A device and its connection.
struct DeviceAndLink {
  DeviceMetrics device;
  LinkMetrics link;
};

// `wall` is the time of day at `now`.
LinkMetrics metrics_of(std::string address, const link::Conversation& conversation, SteadyTime now,
                       reading::Timestamp wall);

}  // namespace gensetd::poller
