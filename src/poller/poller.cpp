#include "poller/poller.hpp"

#include "log/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace gensetd::poller {
namespace {

using std::chrono::milliseconds;

milliseconds either(const std::optional<double>& seconds, milliseconds otherwise) {
  return seconds ? milliseconds{std::llround(*seconds * 1000.0)} : otherwise;
}

std::string no_profile(const registry::Device& device) {
  return fmt::format("there is no profile '{}'; add its file, or change the device", device.profile);
}

}  // namespace

Poller::Poller(boost::asio::io_context& context, const profile::Catalog& catalog,
               const registry::Directory& directory, live::Hub& hub, Pace defaults,
               link::AddressPolicy policy)
    : catalog_(catalog),
      directory_(directory),
      defaults_(defaults),
      links_(context, policy),
      surroundings_{context, links_, hub, {}, std::mt19937{std::random_device{}()}} {}

void Poller::start() {
  running_ = true;
  for (const auto& [id, device] : directory_.devices) follow(device);
  log::info("poller_started")
      .field("devices", devices_.size())
      .say("poller: started with {} devices", devices_.size());
}

void Poller::stop() {
  if (!std::exchange(running_, false)) return;
  for (const auto& [id, device] : devices_) device->finish();
}

std::size_t Poller::devices_online() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(devices_, [](const auto& entry) { return entry.second->online(); }));
}

Pace Poller::pace_of(std::int64_t device_id) const {
  const auto place = devices_.find(device_id);
  return place == devices_.end() ? defaults_ : place->second->target().pace;
}

link::PoolTotals Poller::link_totals() const { return links_.totals(std::chrono::steady_clock::now()); }

std::vector<std::int64_t> Poller::device_ids() const {
  std::vector<std::int64_t> ids;
  ids.reserve(devices_.size());
  for (const auto& [id, device] : devices_) ids.push_back(id);
  return ids;
}

std::optional<DeviceFigures> Poller::device_figures(std::int64_t device_id) const {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) return std::nullopt;
  return place->second->figures();
}

std::optional<LinkFigures> Poller::link_figures(std::int64_t device_id) const {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) return std::nullopt;
  const Address& address = place->second->target().address;
  return figures_of(host_and_port(address.host, address.port), place->second->link().conversation(),
                    std::chrono::steady_clock::now(),
                    std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
}

std::optional<Diagnostics> Poller::diagnostics(std::int64_t device_id) const {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) return std::nullopt;
  const DevicePoller& device = *place->second;
  Diagnostics diagnostics{
      .device = device.figures(), .plan = device.plan(), .link = *link_figures(device_id)};
  for (const auto& [id, other] : devices_) {
    if (id != device_id && &other->link() == &device.link()) diagnostics.other_devices.push_back(id);
  }
  return diagnostics;
}

std::string Poller::why_not_polled(const registry::Device& device) const {
  const auto site = directory_.sites.find(device.site_id);
  if (!device.is_active) return "the device is not active";
  if (site == directory_.sites.end() || !site->second.is_active) return "its site is not active";
  if (!catalog_.find(device.profile)) return no_profile(device);
  return running_ ? "" : "the gateway stops";
}

boost::asio::awaitable<Probed> Poller::probe(Address address, profile::ProfilePtr profile) {
  return poller::probe(surroundings_.context, links_, std::move(address), std::move(profile),
                       defaults_.modbus_timeout);
}

boost::asio::awaitable<ReadResult> Poller::read(Address address, profile::ProfilePtr profile,
                                                std::optional<modbus::ReadRequest> range) {
  Reader reader(surroundings_.context, links_, std::move(address), std::move(profile),
                defaults_.modbus_timeout);
  if (range) {
    ReadResult some = co_await reader.read_range(*range);
    co_return some;
  }
  ReadResult all = co_await reader.read_all();
  co_return all;
}

void Poller::site_changed(const registry::Site& site) {
  for (const auto& [id, device] : directory_.devices) {
    if (device.site_id == site.id) follow(device);
  }
}

void Poller::device_changed(const registry::Device& device) { follow(device); }

void Poller::device_removed(std::int64_t device_id) {
  const auto place = devices_.find(device_id);
  if (place == devices_.end()) return;
  const Target& target = place->second->target();
  log::info("device_not_polled")
      .field("device_id", device_id)
      .field("site", target.identity.site_code)
      .say("device {} {}/{}: no longer polled", device_id, target.identity.site_code, target.name);
  devices_.erase(place);
  surroundings_.hub.remove(device_id);
}

// Brings the device's poller in line with the registry.
void Poller::follow(const registry::Device& device) {
  if (!running_) return;
  const auto site = directory_.sites.find(device.site_id);
  if (!device.is_active || site == directory_.sites.end() || !site->second.is_active)
    return device_removed(device.id);
  profile::ProfilePtr profile = catalog_.find(device.profile);
  if (!profile) {
    log::error("device_without_profile")
        .field("device_id", device.id)
        .field("profile", device.profile)
        .say("device {} {}: not polled: {}", device.id, device.name, no_profile(device));
    return device_removed(device.id);
  }
  Target target = target_of(device, site->second, std::move(profile));
  std::shared_ptr<DevicePoller>& place = devices_[device.id];
  if (place && place->target().is_same_source(target)) return place->adopt(std::move(target));

  const auto before = std::exchange(place, nullptr);
  const reading::Timestamp newer_than = before ? before->last_timestamp() : reading::Timestamp{};
  place = std::make_shared<DevicePoller>(surroundings_, std::move(target), newer_than);
  if (before) {
    surroundings_.hub.remove(device.id);
    place->announce_unread();
  }
  place->start();
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
          .pace = {.poll_interval = either(device.poll_interval, defaults_.poll_interval),
                   .modbus_timeout = either(device.modbus_timeout, defaults_.modbus_timeout),
                   .retry_delay = either(device.retry_delay, defaults_.retry_delay),
                   .offline_after = device.offline_after.value_or(defaults_.offline_after)}};
}

}  // namespace gensetd::poller
