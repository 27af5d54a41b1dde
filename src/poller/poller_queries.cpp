#include "poller/poller.hpp"
#include "poller/thread_queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

// The functions of Poller that wait for a polling thread.
namespace gensetd::poller {
namespace {

namespace asio = boost::asio;

std::string not_read(const supervision::Heartbeat& heartbeat) {
  return fmt::format("not read: {} did not respond in time; see /health", heartbeat.name());
}

}  // namespace

asio::awaitable<AllTotals> Poller::totals() const {
  AllTotals all;
  const std::weak_ptr<std::monostate> alive = alive_;
  for (std::size_t thread = 0; !alive.expired() && thread < threads_.size(); ++thread) {
    const std::optional<AllTotals> totals = co_await query_totals(*threads_[thread]);
    if (alive.expired()) break;
    // A counter never decreases, not even while its thread does not respond.
    if (totals) last_totals_[thread] = *totals;
    all.polling += last_totals_[thread].polling;
    all.links += last_totals_[thread].links;
  }
  co_return all;
}

asio::awaitable<std::vector<DeviceAndLink>> Poller::metrics(std::vector<std::int64_t> device_ids) const {
  std::vector<DeviceAndLink> all;
  const std::weak_ptr<std::monostate> alive = alive_;
  for (std::size_t thread = 0; !alive.expired() && thread < threads_.size(); ++thread) {
    std::vector<std::int64_t> ids_of_thread;
    for (const std::int64_t id : device_ids) {
      const auto place = devices_.find(id);
      if (place != devices_.end() && place->second.thread == threads_[thread].get())
        ids_of_thread.push_back(id);
    }
    if (ids_of_thread.empty()) continue;
    std::optional<std::vector<DeviceAndLink>> found =
        co_await query_metrics(*threads_[thread], std::move(ids_of_thread));
    if (found) std::ranges::move(*found, std::back_inserter(all));
  }
  co_return all;
}

asio::awaitable<std::optional<Diagnostics>> Poller::diagnostics(std::int64_t device_id) const {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) co_return std::nullopt;
  std::optional<Diagnostics> diagnostics = co_await query_diagnostics(*place->second.thread, device_id);
  co_return diagnostics;
}

asio::awaitable<ConnectionTestResult> Poller::test_connection(DeviceAddress address,
                                                              profile::ProfilePtr profile) {
  PollThread& thread = thread_of(address);
  const auto heartbeat = thread.heartbeat();
  const std::uint16_t status_register = connection_test_range(*profile).first;
  std::optional<ConnectionTestResult> result =
      co_await test_on(thread, std::move(address), std::move(profile), defaults_.modbus_timeout);
  if (!result) {
    ConnectionTestResult& none = result.emplace();
    none.error = not_read(*heartbeat);
    none.address = status_register;
  }
  co_return std::move(*result);
}

asio::awaitable<ReadResult> Poller::read(DeviceAddress address, profile::ProfilePtr profile,
                                         std::optional<modbus::ReadRequest> range) {
  PollThread& thread = thread_of(address);
  const auto heartbeat = thread.heartbeat();
  std::optional<ReadResult> result =
      co_await read_on(thread, std::move(address), std::move(profile), range, defaults_.modbus_timeout);
  if (!result) result.emplace().error = not_read(*heartbeat);
  co_return std::move(*result);
}

asio::awaitable<ScanResult> Poller::scan(ScanPlan plan) {
  PollThread& thread = thread_of({.host = plan.host, .port = plan.port});
  const auto heartbeat = thread.heartbeat();
  std::optional<ScanResult> result = co_await scan_on(thread, std::move(plan));
  if (!result) result.emplace().error = not_read(*heartbeat);
  co_return std::move(*result);
}

}  // namespace gensetd::poller
