#include "poller/poller.hpp"

#include "log/log.hpp"
#include "reading/moment.hpp"
#include "supervision/exceptions.hpp"
#include "text/host_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace gensetd::poller {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// More devices than this are first read at their slots: to connect to all of them within a second would be
// a burst that no interval sees again.
constexpr std::size_t start_within_a_second_max = 1'000;

// A thread that hangs for longer than this is reported.
constexpr std::chrono::seconds silence_allowed{5};

// For a single read, which gives up by itself, and its way to the thread and back.
constexpr std::chrono::seconds single_read_within = Reader::patience + std::chrono::seconds{5};

std::string no_profile(const registry::Device& device) {
  return fmt::format("there is no profile '{}'; add its file, or change the device", device.profile);
}

std::string not_carried_out(const supervision::Heartbeat& heartbeat) {
  return fmt::format("not read: {} did not respond in time; see /health", heartbeat.name());
}

LinkFigures link_figures(const DevicePoller& device) {
  const Address& address = device.target().address;
  return figures_of(text::print_host_port(address.host, address.port), device.link().conversation(),
                    std::chrono::steady_clock::now(), reading::system_now());
}

std::vector<DeviceAndLink> look_at(const Crew& crew, const std::vector<std::int64_t>& ids) {
  std::vector<DeviceAndLink> found;
  for (const std::int64_t id : ids) {
    const auto place = crew.devices.find(id);
    if (place != crew.devices.end())
      found.push_back({.device = place->second->figures(), .link = link_figures(*place->second)});
  }
  return found;
}

std::optional<Diagnostics> diagnose(const Crew& crew, std::int64_t device_id) {
  const auto place = crew.devices.find(device_id);
  if (place == crew.devices.end()) return std::nullopt;
  const DevicePoller& device = *place->second;
  Diagnostics diagnostics{.device = device.figures(), .plan = device.plan(), .link = link_figures(device)};
  for (const auto& [id, other] : crew.devices) {
    if (id != device_id && &other->link() == &device.link()) diagnostics.other_devices.push_back(id);
  }
  return diagnostics;
}

asio::awaitable<ReadResult> read_there(asio::io_context& context, link::Pool& links, Address address,
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

}  // namespace

Poller::Poller(asio::io_context& context, const profile::Catalog& catalog,
               const registry::Directory& directory, live::Hub& hub, reading::Numbering& numbering,
               const Options& options)
    : catalog_(catalog),
      directory_(directory),
      hub_(hub),
      numbering_(numbering),
      defaults_(options.defaults),
      heartbeat_(std::make_shared<supervision::Heartbeat>("main thread", silence_allowed,
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
    wakes_.emplace_back(context, threads_.back()->handover().descriptor());
  }
}

Poller::~Poller() {
  for (auto& wake : wakes_) wake.release();  // the descriptors are the handovers'
}

void Poller::start() {
  running_ = true;
  for (std::size_t thread = 0; thread < threads_.size(); ++thread) listen(thread);
  check();
  checks_.start(supervision::HangMonitor::check_every, [this] { check(); });
  starting_at_slots_ = directory_.devices.size() > start_within_a_second_max;
  for (const auto& [id, device] : directory_.devices) try_follow(device);
  starting_at_slots_ = false;
  log::info("poller_started")
      .field("devices", devices_.size())
      .say("poller: started with {} devices", devices_.size());
}

void Poller::stop() {
  if (!std::exchange(running_, false)) return;
  checks_.stop();
  for (const auto& thread : threads_) thread->forget_all();
  for (auto& [id, device] : std::exchange(devices_, {})) {
    const reading::ReadingPtr newest = hub_.newest(id);
    reading::Facts last;
    if (newest && newest->facts) last = *newest->facts;
    last.error = "gateway stopped";
    publish(device, std::move(last));
  }
  online_ = 0;
}

Pace Poller::pace_of(std::int64_t device_id) const {
  const auto place = devices_.find(device_id);
  return place == devices_.end() ? defaults_ : place->second.target.pace;
}

std::vector<std::int64_t> Poller::device_ids() const {
  std::vector<std::int64_t> ids;
  ids.reserve(devices_.size());
  for (const auto& [id, device] : devices_) ids.push_back(id);
  std::ranges::sort(ids);
  return ids;
}

asio::awaitable<AllTotals> Poller::totals() const {
  AllTotals all;
  const std::weak_ptr<std::monostate> alive = alive_;
  for (std::size_t thread = 0; !alive.expired() && thread < threads_.size(); ++thread) {
    auto look = [](const Crew& crew) {
      return AllTotals{.polling = crew.surroundings.totals,
                       .links = crew.links.totals(std::chrono::steady_clock::now())};
    };
    const std::optional<AllTotals> its = co_await threads_[thread]->ask(look);
    if (alive.expired()) break;
    // A counter never goes back, also while its thread does not respond.
    if (its) last_totals_[thread] = *its;
    all.polling += last_totals_[thread].polling;
    all.links += last_totals_[thread].links;
  }
  co_return all;
}

asio::awaitable<std::vector<DeviceAndLink>> Poller::figures(std::vector<std::int64_t> device_ids) const {
  std::vector<DeviceAndLink> all;
  const std::weak_ptr<std::monostate> alive = alive_;
  for (std::size_t thread = 0; !alive.expired() && thread < threads_.size(); ++thread) {
    std::vector<std::int64_t> its_ids;
    for (const std::int64_t id : device_ids) {
      const auto place = devices_.find(id);
      if (place != devices_.end() && place->second.thread == threads_[thread].get()) its_ids.push_back(id);
    }
    if (its_ids.empty()) continue;
    auto look = [ids = std::move(its_ids)](const Crew& crew) { return look_at(crew, ids); };
    std::optional<std::vector<DeviceAndLink>> found = co_await threads_[thread]->ask(std::move(look));
    if (found) std::ranges::move(*found, std::back_inserter(all));
  }
  co_return all;
}

asio::awaitable<std::optional<Diagnostics>> Poller::diagnostics(std::int64_t device_id) const {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) co_return std::nullopt;
  auto look = [device_id](const Crew& crew) { return diagnose(crew, device_id); };
  std::optional<std::optional<Diagnostics>> found = co_await place->second.thread->ask(look);
  co_return found ? std::move(*found) : std::nullopt;
}

std::string Poller::why_not_polled(const registry::Device& device) const {
  std::string reason = registry::reason_not_to_poll(directory_, device);
  if (!reason.empty()) return reason;
  if (!catalog_.find(device.profile)) return no_profile(device);
  const auto place = devices_.find(device.id);
  if (place != devices_.end())
    return place->second.thread->heartbeat()->problem(std::chrono::steady_clock::now());
  return running_ ? "" : "the gateway stops";
}

asio::awaitable<Probed> Poller::probe(Address address, profile::ProfilePtr profile) {
  PollThread& thread = thread_of(address);
  const auto heartbeat = thread.heartbeat();
  auto begin = [address = std::move(address), profile = std::move(profile),
                timeout = defaults_.modbus_timeout](asio::io_context& context, Crew& crew) {
    return poller::probe(context, crew.links, address, profile, timeout);
  };
  std::optional<Probed> probed = co_await thread.carry_out<Probed>(std::move(begin), single_read_within);
  if (!probed) probed.emplace().error = not_carried_out(*heartbeat);
  co_return std::move(*probed);
}

asio::awaitable<ReadResult> Poller::read(Address address, profile::ProfilePtr profile,
                                         std::optional<modbus::ReadRequest> range) {
  PollThread& thread = thread_of(address);
  const auto heartbeat = thread.heartbeat();
  auto begin = [address = std::move(address), profile = std::move(profile), range,
                timeout = defaults_.modbus_timeout](asio::io_context& context, Crew& crew) {
    return read_there(context, crew.links, address, profile, range, timeout);
  };
  std::optional<ReadResult> result =
      co_await thread.carry_out<ReadResult>(std::move(begin), single_read_within);
  if (!result) result.emplace().error = not_carried_out(*heartbeat);
  co_return std::move(*result);
}

void Poller::site_changed(const registry::Site&, const std::set<std::int64_t>& device_ids) {
  for (const std::int64_t id : device_ids) {
    const auto device = directory_.devices.find(id);
    if (device != directory_.devices.end()) try_follow(device->second);
  }
}

void Poller::device_changed(const registry::Device& device) { try_follow(device); }

void Poller::device_removed(std::int64_t device_id) {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) return;
  const Target& target = place->second.target;
  log::info("device_not_polled")
      .field("device_id", device_id)
      .field("site", target.identity.site_code)
      .say("device {} {}/{}: no longer polled", device_id, target.identity.site_code, target.name);
  place->second.thread->forget(device_id);
  set_online(place->second, false);
  set_unresponsive(place->second, false);
  devices_.erase(place);
  hub_.remove(device_id);
}

// An exception concerns this device only; the next check tries again.
void Poller::try_follow(const registry::Device& device) {
  const bool done = supervision::attempt(supervision::Task::device, device.name,
                                         "it is tried again in a second", [&] { follow(device); });
  if (done) return;
  supervision::persist([&] { not_followed_.insert(device.id); });
  // Half a start must not be taken for one.
  const auto place = devices_.find(device.id);
  if (place == devices_.end()) return;
  if (place->second.thread != nullptr) supervision::persist([&] { place->second.thread->forget(device.id); });
  set_online(place->second, false);
  set_unresponsive(place->second, false);
  devices_.erase(place);
}

// Each second.
void Poller::check() {
  const auto now = std::chrono::steady_clock::now();
  heartbeat_->beat(now);
  monitor_.check(now);
  for (const auto& thread : threads_) check_devices(*thread);
  for (const std::int64_t id : std::exchange(not_followed_, {})) {
    const auto device = directory_.devices.find(id);
    if (device != directory_.devices.end()) try_follow(device->second);
  }
}

std::string Poller::problem() const { return monitor_.problems(std::chrono::steady_clock::now()); }

// While a thread hangs, its devices are offline and say why. When it responds again they are started afresh,
// so that nothing that it had measured before the hang is published behind that.
void Poller::check_devices(const PollThread& thread) {
  const std::string problem =
      monitor_.hangs(thread.heartbeat()) ? thread.heartbeat()->problem(std::chrono::steady_clock::now()) : "";
  if (problem.empty() && unresponsive_ == 0) return;
  for (auto& [id, device] : devices_) {
    if (device.thread != &thread || device.unresponsive == !problem.empty()) continue;
    const reading::ReadingPtr newest = hub_.newest(id);
    reading::Facts facts;
    if (newest && newest->facts) facts = *newest->facts;
    if (!problem.empty()) {
      facts.error = fmt::format("{} unit {}: not read: {}; the values are those from before",
                                text::print_host_port(device.target.address.host, device.target.address.port),
                                device.target.address.unit_id, problem);
      set_online(device, false);
      publish(device, std::move(facts));
      set_unresponsive(device, true);
      continue;
    }
    set_unresponsive(device, false);
    start(device, {});
  }
}

// Starts the device's polling, and ends the one that there was.
void Poller::start(Device& device, DevicePoller::Beginning beginning) {
  beginning.generation = ++generation_;
  device.generation = beginning.generation;
  device.thread->forget(device.target.identity.device_id);
  device.thread->start(device.target, beginning);
}

// Brings the device's polling in line with the registry.
void Poller::follow(const registry::Device& device) {
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
  Target target = target_of(device, site->second, std::move(profile));
  const auto [place, is_new] = devices_.try_emplace(device.id);
  Device& polled = place->second;
  if (!is_new && polled.target.is_same_source(target)) {
    polled.target = target;
    return polled.thread->adopt(std::move(target));
  }
  DevicePoller::Beginning beginning{.at_slot = starting_at_slots_};
  if (!is_new) polled.thread->forget(device.id);
  polled.target = target;
  polled.thread = &thread_of(target.address);
  set_unresponsive(polled, false);
  if (!is_new) hub_.remove(device.id);  // its values are another source's
  const bool was_foreign = hub_.claim(device.id);
  if (!is_new || was_foreign) {
    reading::Facts unread;
    unread.error =
        fmt::format("{} unit {}: not read yet",
                    text::print_host_port(target.address.host, target.address.port), target.address.unit_id);
    set_online(polled, false);
    publish(polled, std::move(unread));
  }
  start(polled, beginning);
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

void Poller::publish(const Device& device, reading::Facts facts) {
  facts.identity = device.target.identity;
  facts.profile = device.target.profile;
  facts.values.resize(facts.profile->fields.size());
  facts.online = false;
  facts.timestamp = reading::system_now();
  facts.at = std::chrono::steady_clock::now();
  facts.seq = numbering_.next_seq();
  facts.epoch = numbering_.epoch();
  hub_.publish(reading::make_reading(std::move(facts)));
}

PollThread& Poller::thread_of(const Address& address) const {
  const std::size_t hash = std::hash<std::string>{}(address.host) * 31 + address.port;
  return *threads_[hash % threads_.size()];
}

void Poller::listen(std::size_t thread) {
  wakes_[thread].async_wait(asio::posix::stream_descriptor::wait_read,
                            [this, thread](boost::system::error_code aborted) {
                              if (aborted) return;
                              take(threads_[thread]->handover());
                              supervision::persist([&] { listen(thread); });
                            });
}

void Poller::take(Handover& handover) {
  handover.take_all([this](const Handover::Item& item) {
    supervision::attempt(supervision::Task::handover, {}, "this reading is lost, the next one follows",
                         [&] { take(item); });
  });
}

void Poller::take(const Handover::Item& item) {
  const auto place = devices_.find(item.reading->device_id);
  // One that was replaced may still have said something.
  if (place == devices_.end() || place->second.generation != item.generation) return;
  if (place->second.unresponsive) return;  // from before its thread hung
  set_online(place->second, item.reading->facts->online);
  hub_.publish(item.reading);
}

Target Poller::target_of(const registry::Device& device, const registry::Site& site,
                         profile::ProfilePtr profile) const {
  return {.identity = {.device_id = device.id,
                       .site_code = site.code,
                       .device_type = std::string{registry::to_word(device.device_type)}},
          .name = device.name,
          .address = {.host = device.ip_address,
                      .port = device.port,
                      .unit_id = device.slave_id,
                      .protocol = device.protocol},
          .profile = std::move(profile),
          .pace = {.poll_interval = own_or(device.poll_interval, defaults_.poll_interval),
                   .modbus_timeout = own_or(device.modbus_timeout, defaults_.modbus_timeout),
                   .retry_delay = own_or(device.retry_delay, defaults_.retry_delay),
                   .offline_after = std::max(1, device.offline_after.value_or(defaults_.offline_after)),
                   .connect_delay = own_or(device.connect_delay, milliseconds{0})}};
}

}  // namespace gensetd::poller
