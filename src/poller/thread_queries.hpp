#pragma once

#include "poller/connection_test.hpp"
#include "poller/diagnostics.hpp"
#include "poller/poll_thread.hpp"
#include "poller/reader.hpp"
#include "poller/scanner.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace gensetd::poller {

// What the main thread queries of a polling thread. Each is empty when the thread does not respond in time
// (PollThread::query()), and does not use `thread` after it has waited.

boost::asio::awaitable<std::optional<AllTotals>> query_totals(PollThread& thread);

// Devices that the thread does not poll are left out.
boost::asio::awaitable<std::optional<std::vector<DeviceAndLink>>> query_metrics(
    PollThread& thread, std::vector<std::int64_t> device_ids);

// Empty too when the thread does not poll the device.
boost::asio::awaitable<std::optional<Diagnostics>> query_diagnostics(PollThread& thread,
                                                                     std::int64_t device_id);

// `range` alone, or every register of the profile. Over the connection that the polled devices use.
boost::asio::awaitable<std::optional<ReadResult>> read_on(PollThread& thread, DeviceAddress address,
                                                          profile::ProfilePtr profile,
                                                          std::optional<modbus::ReadRequest> range,
                                                          std::chrono::milliseconds timeout);

boost::asio::awaitable<std::optional<ConnectionTestResult>> test_on(PollThread& thread, DeviceAddress address,
                                                                    profile::ProfilePtr profile,
                                                                    std::chrono::milliseconds timeout);

// How long a scan for a client takes at most. HTTP proxies usually wait 60 s for a response.
inline constexpr std::chrono::seconds scan_time_max{50};

// Sets the plan's deadline.
boost::asio::awaitable<std::optional<ScanResult>> scan_on(PollThread& thread, ScanPlan plan);

}  // namespace gensetd::poller
