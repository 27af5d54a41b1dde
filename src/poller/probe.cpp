#include "poller/probe.hpp"

#include "poller/reader.hpp"

#include <utility>

namespace gensetd::poller {

boost::asio::awaitable<Probed> probe(boost::asio::io_context& context, link::Pool& links, Address address,
                                     profile::ProfilePtr profile, std::chrono::milliseconds timeout) {
  const modbus::ReadRequest status{.first = profile->probe_address, .count = 1};
  Reader reader(context, links, std::move(address), std::move(profile), timeout);
  ReadResult read = co_await reader.read_range(status);
  Probed result{.error = std::move(read.error), .latency = read.took, .address = status.first};
  if (result.error.empty()) result.raw_value = read.registers.at(status.first);
  co_return result;
}

}  // namespace gensetd::poller
