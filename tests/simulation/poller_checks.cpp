#include "poller_checks.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Checks of the socket calls: one connection, one request at a time, a deadline for each wait.
// reading_checks.cpp checks the published values, timing_checks.cpp their times.
namespace gensetd::simulation {
namespace {

using std::chrono::milliseconds;

// PRODUCT.md, Modbus: 'silent for the request gap (50 ms by default) before each request'.
constexpr milliseconds request_gap{50};

// docs/design/serial-line.md: one and a half times the usual response time, and 150 ms.
constexpr milliseconds serial_wait_least{200};
// docs/design/serial-line.md: half a response is awaited until 150 ms of silence.
constexpr milliseconds pause_within_frame_max{150};

// Asio may wait in epoll_wait(2), in whole milliseconds.
constexpr Time clock_grain = std::chrono::milliseconds{1} + std::chrono::microseconds{5};

}  // namespace

RunMetrics& RunMetrics::operator+=(const RunMetrics& other) {
  requests += other.requests;
  good_readings += other.good_readings;
  partial_readings += other.partial_readings;
  failed_readings += other.failed_readings;
  values += other.values;
  alarm_words += other.alarm_words;
  without_details += other.without_details;
  losses += other.losses;
  exact_starts += other.exact_starts;
  connections += other.connections;
  return *this;
}

void PollerChecks::broken(const Device& device, const std::string& promise) {
  trace_.broken(kernel_.now(), fmt::format("device {}: {}", device.target.identity.device_id, promise));
}

void PollerChecks::watch(Peer& peer, const poller::PollTarget& target, std::uint64_t generation) {
  const auto [place, is_new] = devices_.try_emplace(target.identity.device_id);
  Device& device = place->second;
  // Faults of the plant continue; values that were read are discarded.
  const Device before = std::exchange(device, {});
  device.peer = &peer;
  device.target = target;
  device.generation = generation;
  device.timeout_min = device.timeout_max = target.settings.modbus_timeout;
  device.faults = before.faults;
  device.deadly_faults = before.deadly_faults;
  device.refusing = before.refusing;
  device.refused_block = before.refused_block;
  device.refusing_changed_at = before.refusing_changed_at;
  device.seq = before.seq;
  device.values.assign(target.profile->fields.size(), std::nullopt);
  device.well_since = device.dead_since = device.published_at = kernel_.now();
  std::size_t sharing = 0;
  for_each_at(peer, [&](const Device&) { ++sharing; });
  for_each_at(peer, [&](Device& other) { other.on_line = sharing; });
  std::erase_if(lines_[&peer].pending,
                [&](const PendingRequest& one) { return one.device_id == target.identity.device_id; });
}

void PollerChecks::edited(const poller::PollTarget& target) {
  Device& device = devices_.at(target.identity.device_id);
  device.target = target;
  device.timeout_min = std::min<Time>(device.timeout_min, target.settings.modbus_timeout);
  device.timeout_max = std::max<Time>(device.timeout_max, target.settings.modbus_timeout);
  device.phase.reset();
  device.last_start = Time{0};
  device.published_at = device.well_since = device.dead_since = kernel_.now();
}

void PollerChecks::forget(std::int64_t device_id) {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) return;
  place->second.generation = 0;  // readings of it are outdated from now on
  place->second.start.reset();
}

void PollerChecks::act(Peer& peer) { lines_[&peer].last_act = kernel_.now(); }

void PollerChecks::lookup_started(Peer& peer) {
  act(peer);
  for_each_at(peer, [&](Device& device) {
    ++device.connects;  // an attempt, even if no connection follows
    device.is_connecting = true;
    begin_cycle(device);
  });
}

void PollerChecks::connects(Peer& peer) {
  Line& line = lines_[&peer];
  act(peer);
  if (line.open != 0) trace_.broken(kernel_.now(), peer.name + ": a second connection");
  ++line.open;
  line.connecting = true;
  line.pending.clear();
  ++metrics_.connections;
  Time timeout{0};
  for_each_at(peer, [&](Device& device) {
    timeout = std::max(timeout, device.timeout_max);
    ++device.connects;
    device.is_connecting = true;
    if (!is_serial(peer)) begin_cycle(device);
  });
  kernel_.at(kernel_.now() + timeout + clock_grain, [this, &peer, attempt = ++line.attempt] {
    const Line& then = lines_[&peer];
    if (then.connecting && then.attempt == attempt && is_calm(kernel_.now()))
      trace_.broken(kernel_.now(), peer.name + ": it still waits for a connection after MODBUS_TIMEOUT");
  });
}

void PollerChecks::connected(Peer& peer) {
  Line& line = lines_[&peer];
  line.connecting = false;
  line.last_byte = line.connected_at = kernel_.now();
}

bool PollerChecks::is_idle(const Peer& peer) const {
  const auto line = lines_.find(&peer);
  return line != lines_.end() && line->second.pending.empty() && !line->second.connecting;
}

void PollerChecks::closes(Peer& peer) {
  Line& line = lines_[&peer];
  act(peer);
  --line.open;
  line.connecting = false;
  line.pending.clear();
}

void PollerChecks::readable(Peer& peer) {
  Line& line = lines_[&peer];
  line.last_pause = kernel_.now() - std::exchange(line.last_byte, kernel_.now());
}

// Modbus TCP: several requests may be sent together.
void PollerChecks::sends(Peer& peer, std::span<const std::uint8_t> bytes) {
  drain_published();
  act(peer);
  const std::size_t length = is_serial(peer) ? modbus::rtu_request_length : modbus::tcp_request_length;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(length, bytes.size()))) sends_one(peer, bytes);
}

void PollerChecks::sends_one(Peer& peer, std::span<const std::uint8_t> bytes) {
  Line& line = lines_[&peer];
  const Time now = kernel_.now();
  ++metrics_.requests;
  const std::size_t unit_at = is_serial(peer) ? 0 : 6;
  const modbus::ReadRequest request{.unit_id = bytes[unit_at],
                                    .function = modbus::Function::holding_registers,
                                    .first = modbus::number_at(bytes, unit_at + 2),
                                    .count = modbus::number_at(bytes, unit_at + 4)};
  if (bytes[unit_at + 1] != 3) trace_.broken(now, peer.name + ": a request that is not a read");
  Device* whose = nullptr;
  for_each_at(peer, [&](Device& device) {
    if (device.target.address.unit_id == request.unit_id) whose = &device;
  });
  if (whose == nullptr) return trace_.broken(now, peer.name + ": a request to an unknown unit");
  begin_cycle(*whose);
  ++whose->sends;
  whose->is_connecting = false;

  std::erase_if(line.pending, [&](const PendingRequest& earlier) {
    const bool is_torn = earlier.partly_responded && now - line.last_byte >= pause_within_frame_max;
    // On a serial line a request that can be repeated waits for as long as the unit usually takes.
    const Time waits_least =
        is_serial(peer) ? std::min<Time>(earlier.timeout, serial_wait_least) : earlier.timeout;
    return is_torn || earlier.at + waits_least <= now;
  });
  const auto& transport = whose->target.profile->transport(whose->target.address.protocol);
  const std::size_t allowed = is_serial(peer) ? 1 : transport.requests_in_flight;
  if (now - line.connected_at < whose->target.settings.connect_delay)
    broken(*whose, "a request sooner than connect_delay after connecting");
  if (line.pending.size() >= allowed) broken(*whose, "a request while another is under way");
  // A line that is never silent is requested from all the same after a timeout, which may pass in a stall.
  const bool had_time = is_calm(now - whose->timeout_max);
  if (is_serial(peer) && !line.noisy && had_time && now - line.last_byte < request_gap)
    broken(*whose, "a request before the line was silent for the request gap");
  line.last_byte = now;
  const PendingRequest pending{.device_id = whose->target.identity.device_id,
                               .request = request,
                               .at = now,
                               .timeout = whose->timeout_min};
  line.pending.push_back(pending);
  check_not_forgotten(peer, pending);
}

void PollerChecks::responded(Peer& peer, const modbus::ReadRequest& request) {
  Line& line = lines_[&peer];
  const auto place = std::ranges::find(line.pending, request, &PendingRequest::request);
  // A response with such a long pause is no frame: the program still waits for the response.
  const bool is_torn = place != line.pending.end() && is_serial(peer) && place->partly_responded &&
                       line.last_pause >= pause_within_frame_max;
  if (place != line.pending.end() && !is_torn) line.pending.erase(place);
  for_each_at(peer, [&](Device& device) {
    if (device.target.address.unit_id != request.unit_id) return;
    device.last_response = kernel_.now();
    device.last_response_wall = kernel_.wall();
  });
}

void PollerChecks::response_copied(Peer& peer, const modbus::ReadRequest& request) {
  std::erase_if(lines_[&peer].pending, [&](const PendingRequest& pending) {
    return pending.request.unit_id == request.unit_id && pending.request.count == request.count;
  });
}

void PollerChecks::partly_responded(Peer& peer, const modbus::ReadRequest& request) {
  Line& line = lines_[&peer];
  const auto place = std::ranges::find(line.pending, request, &PendingRequest::request);
  if (place != line.pending.end()) place->partly_responded = true;
}

// A request without a response must end: by another socket call or a published reading.
void PollerChecks::check_not_forgotten(Peer& peer, const PendingRequest& pending) {
  // The pause before the second attempt, and behind a new connection; on a serial line the next request also
  // waits until its answer could not be taken for a late one, which may come for ten seconds
  // (docs/design/serial-line.md).
  const milliseconds grace = is_serial(peer) ? milliseconds{11'500} : milliseconds{1'500};
  const Device& device = devices_.at(pending.device_id);
  const Time limit = pending.at + device.timeout_max + device.target.settings.connect_delay + grace;
  kernel_.at(limit, [this, &peer, pending, generation = device.generation] {
    const Device& then = devices_.at(pending.device_id);
    if (then.generation != generation || !is_calm(pending.at)) return;
    if (lines_[&peer].last_act > pending.at || then.published_at > pending.at) return;
    broken(then, "a request that was never answered is waited for without end");
  });
}

void PollerChecks::step() {
  for (auto& [id, device] : devices_) check_state(device);
}

}  // namespace gensetd::simulation
