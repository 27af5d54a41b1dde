#pragma once

#include "poller/device_poller.hpp"
#include "poller/probe.hpp"
#include "poller/reader.hpp"
#include "profile/catalog.hpp"
#include "registry/service.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::poller {

// Reads every active device of every active site and publishes to the hub, following the registry's changes.
// Use: construct, start() with what is registered, pass it to registry::Service::listen(); stop() publishes
// each device's last reading. One thread: the context's.
class Poller final : public registry::ChangeListener {
 public:
  // `defaults`: the pace of devices that have none of their own. `policy`: which addresses may be connected
  // to. `catalog`, `directory` and `hub` outlive it.
  Poller(boost::asio::io_context& context, const profile::Catalog& catalog,
         const registry::Directory& directory, live::Hub& hub, Pace defaults, link::AddressPolicy policy);

  void start();
  void stop();

  bool running() const { return running_; }
  bool polls(std::int64_t device_id) const { return devices_.contains(device_id); }
  std::size_t devices() const { return devices_.size(); }
  std::size_t devices_online() const;
  Pace pace_of(std::int64_t device_id) const;  // the defaults when it is not polled
  const Totals& totals() const { return surroundings_.totals; }
  link::PoolTotals link_totals() const;

  // Calls visit(identity, whether it is online) for each device that is polled.
  template <class Visit>
  void for_each_device(Visit visit) const {
    for (const auto& [id, device] : devices_) visit(device->target().identity, device->online());
  }

  std::vector<std::int64_t> device_ids() const;
  // What is known of a device and of its link; empty when it is not polled.
  std::optional<DeviceFigures> device_figures(std::int64_t device_id) const;
  std::optional<LinkFigures> link_figures(std::int64_t device_id) const;
  std::optional<Diagnostics> diagnostics(std::int64_t device_id) const;
  // Why a registered device is not to be polled, for people; empty when it is.
  std::string why_not_polled(const registry::Device& device) const;

  // Both go through the links of the polled devices: one connection for each host:port.
  boost::asio::awaitable<Probed> probe(Address address, profile::ProfilePtr profile);
  // `range` alone, or every register of the profile.
  boost::asio::awaitable<ReadResult> read(Address address, profile::ProfilePtr profile,
                                          std::optional<modbus::ReadRequest> range);

 private:
  void site_changed(const registry::Site& site) override;
  void device_changed(const registry::Device& device) override;
  void device_removed(std::int64_t device_id) override;

  void follow(const registry::Device& device);
  Target target_of(const registry::Device& device, const registry::Site& site,
                   profile::ProfilePtr profile) const;

  const profile::Catalog& catalog_;
  const registry::Directory& directory_;
  Pace defaults_;
  link::Pool links_;
  Surroundings surroundings_;
  std::map<std::int64_t, std::shared_ptr<DevicePoller>> devices_;
  bool running_ = false;
};

}  // namespace gensetd::poller
