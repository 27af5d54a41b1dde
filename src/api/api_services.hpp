#pragma once

#include "events/event_service.hpp"
#include "history/history.hpp"
#include "live/hub.hpp"
#include "live/notification_hub.hpp"
#include "measure/metric_families.hpp"
#include "modbus/raw_values.hpp"
#include "profile/catalog.hpp"
#include "reading/reading.hpp"
#include "registry/service.hpp"
#include "registry/validation.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::api {

// The validated controller address of POST /api/devices/test-connection or read.
struct ProbeRequest {
  std::string ip_address;
  std::uint16_t port = 502;
  std::uint8_t slave_id = 1;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  profile::ProfilePtr profile;
};

// The result of a connection test. `error` is empty on success, else one line that names the step that
// failed.
struct ProbeResult {
  std::string error;
  std::chrono::microseconds latency{0};
  std::uint16_t address = 0;  // of the register that was read
  std::uint16_t raw_value = 0;
  std::optional<std::string> identity;         // "likely" or "unlikely"; empty: unknown
  std::optional<std::string> identity_reason;  // one line; empty: the profile has no identity, or no response
  std::optional<std::string> firmware;
};

// The result of POST /api/devices/read. `error` as in ProbeResult.
struct ReadNowResult {
  std::string error;
  std::chrono::microseconds latency{0};
  std::size_t requests = 0;
  std::optional<reading::Content> content;  // without identity; empty when a range was requested
  modbus::RawValues registers;              // all that were read
};

// One output (live::Output) in GET /health.
struct OutputHealth {
  std::string name;   // the key
  std::string state;  // "ok", "off" or the problem
};

// The body of GET /health.
struct HealthReport {
  bool ready = true;     // polls, and is able to; false: responded with 503
  std::string registry;  // "ok" or the problem
  std::vector<OutputHealth> outputs;
  std::string poller;        // "ok" or the problem
  std::string descriptors;   // "ok" or the problem
  std::string tasks;         // "ok" or the problem
  std::int64_t devices = 0;  // polled
  std::int64_t devices_online = 0;
};

// What the API uses of the rest of the daemon. All calls are made on the server's thread.
struct ApiServices {
  live::Hub& hub;
  live::NotificationHub& notices;
  registry::Service& registry;
  events::EventService& events;
  const history::History& history;
  std::shared_ptr<const profile::Catalog> profiles;
  std::function<boost::asio::awaitable<ProbeResult>(ProbeRequest)> probe;
  // Reads every register of the profile, or only this range.
  std::function<boost::asio::awaitable<ReadNowResult>(ProbeRequest, std::optional<modbus::ReadRequest>)>
      read_now;
  // Scans an address, at most a minute: the body of POST /api/scan.
  std::function<boost::asio::awaitable<std::string>(registry::ScanTarget)> scan;
  // Why a controller must not have this address, as a sentence; empty when it may, and for a host name.
  std::function<std::string(const std::string& ip_address)> address_refusal;
  std::function<HealthReport()> health;
  // How many connections the process can have open at the moment, in addition to ApiOptions::limits; may be
  // empty.
  std::function<std::size_t()> connections_possible;
  // Add the metrics of the daemon, and those of each of its links and devices; may be empty.
  std::function<boost::asio::awaitable<void>(measure::MetricFamilies&)> add_daemon_metrics;
  std::function<boost::asio::awaitable<void>(measure::MetricFamilies&)> add_device_metrics;
  std::function<boost::asio::awaitable<std::string>(registry::Device)> diagnostics;  // JSON
  double poll_interval = 0;  // seconds, of devices without one of their own
  std::string epoch;         // of this run of the daemon, for clients that reconnect
  std::string version;
};

}  // namespace gensetd::api
