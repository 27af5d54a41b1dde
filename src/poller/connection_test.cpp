#include "poller/connection_test.hpp"

#include "link/retry_policy.hpp"

#include <utility>

namespace gensetd::poller {

modbus::ReadRequest connection_test_range(const profile::Profile& profile) {
  return {.function = profile.probe.function, .first = profile.probe.address, .count = 1};
}

ConnectionTestResult connection_test_result(ReadResult read, const modbus::ReadRequest& range) {
  ConnectionTestResult result{.error = std::move(read.error), .latency = read.took, .address = range.first};
  if (result.error.empty()) result.raw_value = read.registers.at({range.function, range.first});
  return result;
}

// A controller that refuses the status register may still tell its model.
boost::asio::awaitable<ConnectionTestResult> test_connection(boost::asio::io_context& context,
                                                             link::Pool& links, DeviceAddress address,
                                                             profile::ProfilePtr profile,
                                                             std::chrono::milliseconds timeout) {
  const modbus::ReadRequest range = connection_test_range(*profile);
  Reader reader(context, links, std::move(address), profile, timeout);
  reader.end_by(std::chrono::steady_clock::now() + Reader::time_limit);
  ReadResult read = co_await reader.read_range(range);
  const bool responds = !read.failure || link::follow_up(*read.failure) == link::FollowUp::refuse;
  ConnectionTestResult result = connection_test_result(std::move(read), range);
  if (!responds) co_return result;
  RangeAnswers answers;
  result.controller = co_await read_identity(reader, std::move(profile), answers);
  co_return result;
}

}  // namespace gensetd::poller
