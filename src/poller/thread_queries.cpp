#include "poller/thread_queries.hpp"

#include "reading/clocks.hpp"
#include "text/host_port.hpp"

#include <boost/asio/io_context.hpp>

#include <utility>

namespace gensetd::poller {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// A single read ends by itself within its time limit; this adds the time to the thread and back.
constexpr std::chrono::seconds single_read_timeout = Reader::time_limit + std::chrono::seconds{5};

LinkMetrics link_metrics(const DevicePoller& device) {
  const DeviceAddress& address = device.target().address;
  return metrics_of(text::print_host_port(address.host, address.port), device.link().conversation(),
                    std::chrono::steady_clock::now(), reading::system_now());
}

std::vector<DeviceAndLink> metrics_of_devices(const PollThreadState& state,
                                              const std::vector<std::int64_t>& ids) {
  std::vector<DeviceAndLink> found;
  for (const std::int64_t id : ids) {
    const auto place = state.devices.find(id);
    if (place != state.devices.end())
      found.push_back({.device = place->second->metrics(), .link = link_metrics(*place->second)});
  }
  return found;
}

std::optional<Diagnostics> diagnostics_of(const PollThreadState& state, std::int64_t device_id) {
  const auto place = state.devices.find(device_id);
  if (place == state.devices.end()) return std::nullopt;
  const DevicePoller& device = *place->second;
  Diagnostics diagnostics{.device = device.metrics(), .plan = device.plan(), .link = link_metrics(device)};
  for (const auto& [id, other] : state.devices) {
    if (id != device_id && &other->link() == &device.link()) diagnostics.other_devices.push_back(id);
  }
  return diagnostics;
}

asio::awaitable<ReadResult> read_here(asio::io_context& context, link::Pool& links, DeviceAddress address,
                                      profile::ProfilePtr profile, std::optional<modbus::ReadRequest> range,
                                      milliseconds timeout) {
  Reader reader(context, links, std::move(address), std::move(profile), timeout);
  if (range) {
    ReadResult some = co_await reader.read_range(*range);
    co_return some;
  }
  ReadResult all = co_await reader.read_all();
  co_return all;
}

asio::awaitable<ScanResult> scan_here(asio::io_context& context, link::Pool& links, ScanPlan plan) {
  plan.deadline = std::chrono::steady_clock::now() + scan_time_max;
  Scanner scanner(context, links, plan);
  co_await scanner.run();
  co_return std::move(scanner.result());
}

}  // namespace

asio::awaitable<std::optional<AllTotals>> query_totals(PollThread& thread) {
  auto read_state = [](const PollThreadState& state) {
    return AllTotals{.polling = state.context.totals,
                     .links = state.links.totals(std::chrono::steady_clock::now())};
  };
  std::optional<AllTotals> totals = co_await thread.query(read_state);
  co_return totals;
}

asio::awaitable<std::optional<std::vector<DeviceAndLink>>> query_metrics(
    PollThread& thread, std::vector<std::int64_t> device_ids) {
  auto read_state = [ids = std::move(device_ids)](const PollThreadState& state) {
    return metrics_of_devices(state, ids);
  };
  std::optional<std::vector<DeviceAndLink>> metrics = co_await thread.query(std::move(read_state));
  co_return metrics;
}

asio::awaitable<std::optional<Diagnostics>> query_diagnostics(PollThread& thread, std::int64_t device_id) {
  auto read_state = [device_id](const PollThreadState& state) { return diagnostics_of(state, device_id); };
  std::optional<std::optional<Diagnostics>> diagnostics = co_await thread.query(read_state);
  co_return diagnostics ? std::move(*diagnostics) : std::nullopt;
}

asio::awaitable<std::optional<ReadResult>> read_on(PollThread& thread, DeviceAddress address,
                                                   profile::ProfilePtr profile,
                                                   std::optional<modbus::ReadRequest> range,
                                                   milliseconds timeout) {
  auto begin = [address = std::move(address), profile = std::move(profile), range, timeout](
                   asio::io_context& context, PollThreadState& state) {
    return read_here(context, state.links, address, profile, range, timeout);
  };
  std::optional<ReadResult> result =
      co_await thread.run_task<ReadResult>(std::move(begin), single_read_timeout);
  co_return result;
}

asio::awaitable<std::optional<ConnectionTestResult>> test_on(PollThread& thread, DeviceAddress address,
                                                             profile::ProfilePtr profile,
                                                             milliseconds timeout) {
  auto begin = [address = std::move(address), profile = std::move(profile), timeout](
                   asio::io_context& context, PollThreadState& state) {
    return test_connection(context, state.links, address, profile, timeout);
  };
  std::optional<ConnectionTestResult> result =
      co_await thread.run_task<ConnectionTestResult>(std::move(begin), single_read_timeout);
  co_return result;
}

asio::awaitable<std::optional<ScanResult>> scan_on(PollThread& thread, ScanPlan plan) {
  auto begin = [plan = std::move(plan)](asio::io_context& context, PollThreadState& state) {
    return scan_here(context, state.links, plan);
  };
  std::optional<ScanResult> result =
      co_await thread.run_task<ScanResult>(std::move(begin), scan_time_max + std::chrono::seconds{5});
  co_return result;
}

}  // namespace gensetd::poller
