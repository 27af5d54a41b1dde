#include "poller/poller.hpp"

#include "log/log.hpp"
#include "reading/clocks.hpp"
#include "supervision/exceptions.hpp"
#include "text/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace gensetd::poller {
namespace {

namespace asio = boost::asio;

// With more devices than this, the first cycles start at the devices' slots: connecting to all devices within
// a second would be a burst that later intervals never reach.
constexpr std::size_t start_within_a_second_max = 1'000;

std::string no_profile(const registry::Device& device) {
  return fmt::format(
      "there is no profile '{}' that can be used; add its file or upload it, or change the device; if it is "
      "stored, the log says what is wrong with it",
      device.profile);
}

}  // namespace

Poller::Poller(asio::io_context& context, const profile::Catalog& catalog,
               const registry::Directory& directory, live::Hub& hub, reading::Numbering& numbering,
               const Options& options)
    : catalog_(catalog),
      directory_(directory),
      hub_(hub),
      numbering_(numbering),
      defaults_(options.defaults),
      heartbeat_(std::make_shared<supervision::Heartbeat>("main thread", supervision::handler_silence_max,
                                                          std::chrono::steady_clock::now())),
      checks_(context.get_executor(), supervision::Task::health_checks),
      last_totals_(options.threads) {
  for (std::size_t thread = 0; thread < options.threads; ++thread) {
    threads_.push_back(
        std::make_unique<PollThread>(PollThread::Options{.policy = options.policy,
                                                         .descriptors = options.descriptors,
                                                         .index = thread,
                                                         .owner = thread == 0 ? heartbeat_ : nullptr},
                                     numbering_));
    monitor_.watch(threads_.back()->heartbeat());
    reading_events_.emplace_back(context, threads_.back()->readings().descriptor());
  }
}

Poller::~Poller() {
  for (auto& event : reading_events_) event.release();  // the queues own the descriptors
}

void Poller::start() {
  running_ = true;
  for (std::size_t thread = 0; thread < threads_.size(); ++thread) wait_for_readings(thread);
  check();
  checks_.start(supervision::HangMonitor::check_every, [this] { check(); });
  starting_at_slots_ = directory_.devices.size() > start_within_a_second_max;
  for (const auto& [id, device] : directory_.devices) try_sync(device);
  starting_at_slots_ = false;
  log::info("poller_started")
      .field("devices", devices_.size())
      .say("poller: started with {} devices", devices_.size());
}

void Poller::stop() {
  if (!std::exchange(running_, false)) return;
  checks_.stop();
  for (const auto& thread : threads_) thread->remove_all();
  for (auto& [id, device] : std::exchange(devices_, {})) {
    const reading::ReadingPtr newest = hub_.newest(id);
    reading::Content last;
    if (newest && newest->content) last = *newest->content;
    last.error = "gateway stopped";
    publish(device, std::move(last));
  }
  online_ = 0;
}

PollSettings Poller::settings_of(std::int64_t device_id) const {
  const auto place = devices_.find(device_id);
  return place == devices_.end() ? defaults_ : place->second.target.settings;
}

std::vector<std::int64_t> Poller::device_ids() const {
  std::vector<std::int64_t> ids;
  ids.reserve(devices_.size());
  for (const auto& [id, device] : devices_) ids.push_back(id);
  std::ranges::sort(ids);
  return ids;
}

std::string Poller::why_not_polled(const registry::Device& device) const {
  std::string reason = registry::reason_not_to_poll(directory_, device);
  if (!reason.empty()) return reason;
  if (!catalog_.find(device.profile)) return no_profile(device);
  const auto place = devices_.find(device.id);
  if (place != devices_.end())
    return place->second.thread->heartbeat()->problem(std::chrono::steady_clock::now());
  return running_ ? "" : "the gateway is stopping";
}

void Poller::site_changed(const registry::Site&, const std::set<std::int64_t>& device_ids) {
  for (const std::int64_t id : device_ids) {
    const auto device = directory_.devices.find(id);
    if (device != directory_.devices.end()) try_sync(device->second);
  }
}

void Poller::device_changed(const registry::Device& device) { try_sync(device); }

void Poller::device_removed(std::int64_t device_id) {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) return;
  const PollTarget& target = place->second.target;
  log::info("device_not_polled")
      .field("device_id", device_id)
      .field("site", target.identity.site_code)
      .say("device {} {}/{}: no longer polled", device_id, target.identity.site_code, target.name);
  place->second.thread->remove(device_id);
  set_online(place->second, false);
  set_unresponsive(place->second, false);
  devices_.erase(place);
  hub_.remove(device_id);
}

// An exception concerns this device only; the next check() tries again.
void Poller::try_sync(const registry::Device& device) {
  const bool done = supervision::attempt(supervision::Task::device, device.name,
                                         "another attempt follows within a second", [&] { sync(device); });
  if (done) return;
  supervision::persist([&] { not_synced_.insert(device.id); });
  // A start that failed halfway must not count as a start.
  const auto place = devices_.find(device.id);
  if (place == devices_.end()) return;
  if (place->second.thread != nullptr) supervision::persist([&] { place->second.thread->remove(device.id); });
  set_online(place->second, false);
  set_unresponsive(place->second, false);
  devices_.erase(place);
}

// Called each second.
void Poller::check() {
  const auto now = std::chrono::steady_clock::now();
  heartbeat_->beat(now);
  monitor_.check(now);
  for (const auto& thread : threads_) check_devices(*thread);
  for (const std::int64_t id : std::exchange(not_synced_, {})) {
    const auto device = directory_.devices.find(id);
    if (device != directory_.devices.end()) try_sync(device->second);
  }
}

std::string Poller::problem() const { return monitor_.problems(std::chrono::steady_clock::now()); }

// While a thread hangs, its devices are offline with the reason as their error. When it responds again, their
// polling is restarted, so that no reading from before the hang is published after it.
void Poller::check_devices(const PollThread& thread) {
  const std::string problem =
      monitor_.hangs(thread.heartbeat()) ? thread.heartbeat()->problem(std::chrono::steady_clock::now()) : "";
  if (problem.empty() && unresponsive_ == 0) return;
  for (auto& [id, device] : devices_) {
    if (device.thread != &thread || device.unresponsive == !problem.empty()) continue;
    const reading::ReadingPtr newest = hub_.newest(id);
    reading::Content content;
    if (newest && newest->content) content = *newest->content;
    if (!problem.empty()) {
      content.error =
          fmt::format("{} unit {}: not read: {}; the values are those from before",
                      text::print_host_port(device.target.address.host, device.target.address.port),
                      device.target.address.unit_id, problem);
      set_online(device, false);
      publish(device, std::move(content));
      set_unresponsive(device, true);
      continue;
    }
    set_unresponsive(device, false);
    start(device, {});
  }
}

// Starts polling the device, and stops its former poller.
void Poller::start(Device& device, DevicePoller::StartOptions options) {
  options.generation = ++generation_;
  device.generation = options.generation;
  device.thread->remove(device.target.identity.device_id);
  device.thread->start(device.target, options);
}

// Brings the device's polling in line with the registry.
void Poller::sync(const registry::Device& device) {
  if (!running_) return;
  if (!registry::reason_not_to_poll(directory_, device).empty()) return device_removed(device.id);
  const auto site = directory_.sites.find(device.site_id);
  profile::ProfilePtr profile = catalog_.find(device.profile);
  if (!profile) {
    log::error("device_without_profile")
        .field("device_id", device.id)
        .field("profile", device.profile)
        .say("device {} {}: not polled: {}", device.id, device.name, no_profile(device));
    return device_removed(device.id);
  }
  PollTarget target = target_of(device, site->second, std::move(profile), defaults_);
  const auto [place, is_new] = devices_.try_emplace(device.id);
  Device& polled = place->second;
  if (!is_new && polled.target.is_same_source(target)) {
    polled.target = target;
    return polled.thread->update(std::move(target));
  }
  DevicePoller::StartOptions start_options{.at_slot = starting_at_slots_};
  if (!is_new) polled.thread->remove(device.id);
  polled.target = target;
  polled.thread = &thread_of(target.address);
  set_unresponsive(polled, false);
  if (!is_new) hub_.remove(device.id);  // its values come from another source
  const bool was_foreign = hub_.claim(device.id);
  if (!is_new || was_foreign) {
    reading::Content unread;
    unread.error =
        fmt::format("{} unit {}: not read yet",
                    text::print_host_port(target.address.host, target.address.port), target.address.unit_id);
    set_online(polled, false);
    publish(polled, std::move(unread));
  }
  start(polled, start_options);
}

void Poller::set_online(Device& device, bool online) {
  if (device.online == online) return;
  device.online = online;
  online_ = online ? online_ + 1 : online_ - 1;
}

void Poller::set_unresponsive(Device& device, bool unresponsive) {
  if (std::exchange(device.unresponsive, unresponsive) == unresponsive) return;
  unresponsive_ = unresponsive ? unresponsive_ + 1 : unresponsive_ - 1;
}

void Poller::publish(const Device& device, reading::Content content) {
  content.identity = device.target.identity;
  content.profile = device.target.profile;
  content.values.resize(content.profile->fields.size());
  content.online = false;
  content.timestamp = reading::system_now();
  content.at = std::chrono::steady_clock::now();
  content.seq = numbering_.next_seq();
  content.epoch = numbering_.epoch();
  hub_.publish(reading::make_reading(std::move(content)));
}

PollThread& Poller::thread_of(const DeviceAddress& address) const {
  const std::size_t hash = std::hash<std::string>{}(address.host) * 31 + address.port;
  return *threads_[hash % threads_.size()];
}

void Poller::wait_for_readings(std::size_t thread) {
  reading_events_[thread].async_wait(asio::posix::stream_descriptor::wait_read,
                                     [this, thread](boost::system::error_code aborted) {
                                       if (aborted) return;
                                       receive(threads_[thread]->readings());
                                       supervision::persist([&] { wait_for_readings(thread); });
                                     });
}

void Poller::receive(ReadingQueue& readings) {
  readings.take_all([this](const ReadingQueue::Item& item) {
    supervision::attempt(supervision::Task::handover, {}, "this reading is lost, the next one follows",
                         [&] { receive(item); });
  });
}

void Poller::receive(const ReadingQueue::Item& item) {
  const auto place = devices_.find(item.reading->device_id);
  // A replaced poller may still have published a reading.
  if (place == devices_.end() || place->second.generation != item.generation) return;
  if (place->second.unresponsive) return;  // a reading from before its thread hung
  set_online(place->second, item.reading->content->online);
  hub_.publish(item.reading);
}

}  // namespace gensetd::poller
