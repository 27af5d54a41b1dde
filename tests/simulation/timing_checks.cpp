#include "poller_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// When cycles start, and how soon a lost or returned device is reported as such (PRODUCT.md, Settings
// and Modbus).
namespace gensetd::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time clock_grain = std::chrono::microseconds{5};
// Under many responses these are processed before timers: a turn and a wait of link/readiness.cpp.
constexpr Time late_start_max = std::chrono::milliseconds{2};
constexpr Time first_start_max = seconds{1};  // 'a new device is polled within a second'

}  // namespace

void PollerChecks::begin_cycle(Device& device) {
  if (device.start || device.generation == 0) return;
  const Time start = kernel_.now();
  if (is_calm(std::min(device.last_start, device.published_at))) check_start(device, start);
  // On a shared line the first request may have to wait for its turn, and withdrawn requests are sent again.
  const bool own_line = device.on_line == 1;
  // A cycle whose last request, for an optional block, lost its connection leaves a new one, whose pause
  // delays the first request of the next cycle.
  const Time connected_for = start - lines_[device.peer].connected_at;
  const bool is_start_hidden = connected_for <= device.target.settings.connect_delay + clock_grain;
  const bool was_start_hidden = std::exchange(device.was_start_hidden, is_start_hidden);
  const bool is_known = !is_start_hidden && !was_start_hidden;
  if (own_line && device.good && is_calm(device.last_start) && is_known) check_on_grid(device, start);
  device.start = start;
}

void PollerChecks::check_start(const Device& device, Time start) {
  const poller::PollSettings& pace = device.target.settings;
  const Time waited = start - device.published_at;
  const bool own_line = device.on_line == 1;
  if (device.last_start == Time{0}) {
    if (own_line && waited > first_start_max) broken(device, "a new device is not polled within a second");
    return;
  }
  if (device.good) return;
  // 'spread by up to ±10 %'
  if (waited < pace.retry_delay * 9 / 10) broken(device, "the next attempt came before MODBUS_RETRY_DELAY");
  if (own_line && waited > pace.retry_delay * 11 / 10 + clock_grain)
    broken(device, "the next attempt came later than MODBUS_RETRY_DELAY");
}

// How long the first request of a cycle may wait for a server that closes each connection after its responses
// (link::CloseAfterResponses).
constexpr Time close_wait_max = milliseconds{700};

// After a good cycle: at the next multiple of the interval, counted from the first, that is not past; or at
// once, where that would be two intervals after the last start.
void PollerChecks::check_on_grid(Device& device, Time start) {
  const Time interval = device.target.settings.poll_interval;
  if (device.last_start == Time{0}) return;
  if (start - device.last_start < interval / 2 - close_wait_max)
    broken(device, "a cycle within half an interval of another");
  const Time first_possible = std::max(device.published_at, device.last_start + interval / 2);
  if (start - first_possible > interval + late_start_max)
    broken(device, fmt::format("a start was left out: {} after the last one could",
                               print_time(start - first_possible)));
  const bool is_at_once = start - device.published_at <= late_start_max + close_wait_max;
  if (is_at_once && start - device.last_start >= interval) return;
  if (start - device.last_start >= 2 * interval + late_start_max)
    broken(device, "two intervals between two starts");
  if (!device.phase) {
    device.phase = start % interval;
    return;
  }
  ++metrics_.exact_starts;
  const Time off = (start - *device.phase) % interval;
  // So soon after the last response the first request may have waited for the close of the connection.
  const Time late_max = start - device.published_at <= close_wait_max ? close_wait_max : late_start_max;
  if (off > late_max && interval - off > late_start_max)
    broken(device, fmt::format("a cycle starts {} behind the schedule", print_time(off)));
}

void PollerChecks::fault_begins(std::int64_t device_id, bool dead) {
  Device& device = devices_.at(device_id);
  ++device.faults;
  if (dead && device.deadly_faults++ == 0) device.dead_since = kernel_.now();
}

void PollerChecks::fault_ends(std::int64_t device_id, bool dead) {
  Device& device = devices_.at(device_id);
  --device.faults;
  if (dead) --device.deadly_faults;
  device.well_since = std::max(device.well_since, kernel_.now());
}

void PollerChecks::response_lost(const ModelController& controller, Time until) {
  const Peer* peer = devices_.at(controller.device_id).peer;
  for_each_at(*peer, [&](Device& device) { device.well_since = std::max(device.well_since, until); });
}

// What a controller ignores after connecting is no loss where the pause of `connect_delay` covers it.
void PollerChecks::ignoring_requests(const ModelController& controller, Time until) {
  Device& device = devices_.at(controller.device_id);
  if (until - kernel_.now() <= device.target.settings.connect_delay) return;
  device.well_since = std::max(device.well_since, until);
}

void PollerChecks::block_refused(std::int64_t device_id, std::uint16_t block, bool whether) {
  Device& device = devices_.at(device_id);
  device.refusing = whether;
  device.refused_block = block;
  device.refusing_changed_at = kernel_.now();
}

void PollerChecks::stalled(Time until) {
  stalled_until_ = until;
  for (auto& [id, device] : devices_) device.dead_since = std::max(device.dead_since, until);
}

// Whatever goes wrong, from one reading to the next: each of its reads takes its time, and its neighbours'
// do.
// Two seconds: a read is confirmed up to four times when all its values change, each time on a new connection
// if the converter closes each after a response.
Time PollerChecks::silence_bound(const Device& device) const {
  const poller::PollSettings& pace = device.target.settings;
  const auto reads = static_cast<std::int64_t>(device.target.profile->blocks.size() + 4);
  const Time wait = std::max<Time>(2 * pace.poll_interval, pace.retry_delay * 11 / 10);
  return wait + reads * static_cast<std::int64_t>(device.on_line) *
                    (pace.modbus_timeout + pace.connect_delay + seconds{2});
}

// A cycle of a dead device costs its first attempt, a new connection, and the second attempt, whole and in
// blocks; each may find a neighbour's request on the line.
Time PollerChecks::offline_bound(const Device& device) const {
  const poller::PollSettings& pace = device.target.settings;
  const auto sharing = static_cast<std::int64_t>(device.on_line);
  // A new connection has 5 s for its first response.
  const Time cycle = 6 * sharing * pace.modbus_timeout + 2 * pace.connect_delay + seconds{7};
  return 2 * pace.poll_interval + cycle + (pace.offline_after - 1) * (pace.retry_delay * 11 / 10 + cycle);
}

Time PollerChecks::online_bound(const Device& device) const {
  const poller::PollSettings& pace = device.target.settings;
  const auto sharing = static_cast<std::int64_t>(device.on_line);
  // Late responses on a serial line. A controller that ignores requests after connecting and does not respond
  // to merged reads is found out only on a second connection, which has 5 s for its first response.
  const Time late_responses =
      device.target.address.protocol == modbus::Protocol::tcp ? seconds{7} : seconds{12};
  // A server that closes each connection after an answer costs the pause after connecting for each read.
  const auto reads = static_cast<std::int64_t>(device.target.profile->blocks.size());
  return pace.retry_delay * 11 / 10 + 5 * sharing * pace.modbus_timeout + 2 * pace.poll_interval +
         reads * pace.connect_delay + late_responses + seconds{2};
}

void PollerChecks::check_state(Device& device) {
  if (device.generation == 0) return;
  const Time now = kernel_.now();
  if (now < stalled_until_) return;
  if (now - std::max(device.published_at, stalled_until_) > silence_bound(device)) {
    broken(device, "nothing is published any more");
    device.published_at = now;
  }
  if (device.deadly_faults > 0 && device.online && now - device.dead_since > offline_bound(device)) {
    broken(device, "it is dead, and still said to be online");
    device.dead_since = now;
  }
  const Time well_for = now - std::max(device.well_since, stalled_until_);
  if (device.faults == 0 && well_for > online_bound(device) && !(device.online && device.good)) {
    broken(device, "it is well, and its reading says otherwise");
    device.well_since = now;
  }
}

}  // namespace gensetd::simulation
