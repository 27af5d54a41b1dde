#pragma once

#include "poller/identity_reader.hpp"
#include "poller/reader.hpp"
#include "profile/profile.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace gensetd::poller {

// A connection test reads the profile's status register once, and then the registers that tell the model,
// over the connection that the polled devices of the same host:port use. It takes at most twice the timeout
// for each, plus the time until the line is free, and never more than Reader::time_limit.

struct ConnectionTestResult {
  std::string error;                     // empty on success, else one line that names the failed step
  std::chrono::microseconds latency{0};  // from the request to the response, with connecting and waiting
  std::uint16_t address = 0;             // of the register read
  std::uint16_t raw_value = 0;
  ControllerIdentity controller;  // empty when it did not respond
};

// The range that a connection test reads.
modbus::ReadRequest connection_test_range(const profile::Profile& profile);

ConnectionTestResult connection_test_result(ReadResult read, const modbus::ReadRequest& range);

boost::asio::awaitable<ConnectionTestResult> test_connection(boost::asio::io_context& context,
                                                             link::Pool& links, DeviceAddress address,
                                                             profile::ProfilePtr profile,
                                                             std::chrono::milliseconds timeout);

}  // namespace gensetd::poller
