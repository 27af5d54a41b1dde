#pragma once

#include "live/hub.hpp"
#include "poller/poll_thread.hpp"
#include "poller/probe.hpp"
#include "poller/reader.hpp"
#include "profile/catalog.hpp"
#include "registry/service.hpp"
#include "supervision/heartbeat.hpp"
#include "supervision/repeater.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace gensetd::poller {

// What was counted of all devices and links.
struct AllTotals {
  Totals polling;
  link::PoolTotals links;
};

// A device and its link.
struct DeviceAndLink {
  DeviceFigures device;
  LinkFigures link;
};

// Reads every active device of every active site on threads of its own and publishes to the hub, following
// the registry's changes. Use: construct, start() with what is registered, pass it to
// registry::Service::listen(); stop() publishes each device's last reading. All of it, and what it gives back
// to wait for, on one thread: the context's.
class Poller final : public registry::ChangeListener {
 public:
  struct Options {
    Pace defaults;  // of devices that have none of their own
    link::AddressPolicy policy;
    std::size_t threads = 1;
    std::shared_ptr<link::DescriptorBudget> descriptors;  // null: no limit
  };

  // `catalog`, `directory`, `hub` and `numbering` outlive it.
  Poller(boost::asio::io_context& context, const profile::Catalog& catalog,
         const registry::Directory& directory, live::Hub& hub, reading::Numbering& numbering,
         const Options& options);
  ~Poller();

  void start();
  void stop();

  bool running() const { return running_; }
  // Which polling threads do not respond, and since when, for people; empty: all respond.
  std::string problem() const;
  std::size_t threads() const { return threads_.size(); }
  std::size_t threads_hanging() const { return monitor_.hanging(); }
  bool polls(std::int64_t device_id) const { return devices_.contains(device_id); }
  std::size_t devices() const { return devices_.size(); }
  std::size_t devices_online() const { return online_; }
  Pace pace_of(std::int64_t device_id) const;  // the defaults when it is not polled

  // Calls visit(identity, whether it is online) for each device that is polled.
  template <class Visit>
  void for_each_device(Visit visit) const {
    for (const auto& [id, device] : devices_) visit(device.target.identity, device.online);
  }

  std::vector<std::int64_t> device_ids() const;  // ascending
  // As far as it was told when the daemon stops meanwhile; so is figures().
  boost::asio::awaitable<AllTotals> totals() const;
  // What is known of devices and their links; those that are not polled are left out.
  boost::asio::awaitable<std::vector<DeviceAndLink>> figures(std::vector<std::int64_t> device_ids) const;
  // Empty when it is not polled.
  boost::asio::awaitable<std::optional<Diagnostics>> diagnostics(std::int64_t device_id) const;
  // Why a registered device is not to be polled, for people; empty when it is.
  std::string why_not_polled(const registry::Device& device) const;

  // Both go through the links of the polled devices: one connection for each host:port.
  boost::asio::awaitable<Probed> probe(Address address, profile::ProfilePtr profile);
  // `range` alone, or every register of the profile.
  boost::asio::awaitable<ReadResult> read(Address address, profile::ProfilePtr profile,
                                          std::optional<modbus::ReadRequest> range);

 private:
  // A device that is polled, and what its thread has told of it.
  struct Device {
    Target target;
    PollThread* thread = nullptr;
    std::uint64_t generation = 0;
    bool online = false;
    bool unresponsive = false;  // published as offline because its thread hangs
  };

  void site_changed(const registry::Site& site, const std::set<std::int64_t>& device_ids) override;
  void device_changed(const registry::Device& device) override;
  void device_removed(std::int64_t device_id) override;

  void follow(const registry::Device& device);
  void set_online(Device& device, bool online);
  void set_unresponsive(Device& device, bool unresponsive);
  // Tells of a device what its thread did not: unread, stopped.
  void publish(const Device& device, reading::Facts facts);
  PollThread& thread_of(const Address& address) const;
  Target target_of(const registry::Device& device, const registry::Site& site,
                   profile::ProfilePtr profile) const;
  void start(Device& device, DevicePoller::Beginning beginning);
  void listen(std::size_t thread);
  void take(Handover& handover);
  void take(const Handover::Item& item);
  void try_follow(const registry::Device& device);
  void check();
  void check_devices(const PollThread& thread);

  const profile::Catalog& catalog_;
  const registry::Directory& directory_;
  live::Hub& hub_;
  reading::Numbering& numbering_;
  const Pace defaults_;
  std::vector<std::unique_ptr<PollThread>> threads_;
  std::shared_ptr<supervision::Heartbeat> heartbeat_;  // of this thread
  supervision::HangMonitor monitor_;                   // of the polling threads
  supervision::Repeater checks_;
  mutable std::vector<AllTotals> last_totals_;  // of each thread, for as long as it does not respond
  std::set<std::int64_t> not_followed_;         // devices whose change could not be carried out yet
  std::vector<boost::asio::posix::stream_descriptor> wakes_;  // one for each thread's handover
  std::unordered_map<std::int64_t, Device> devices_;
  std::uint64_t generation_ = 0;  // the newest
  std::size_t online_ = 0;
  std::size_t unresponsive_ = 0;
  bool running_ = false;
  bool starting_at_slots_ = false;
  std::shared_ptr<std::monostate> alive_ = std::make_shared<std::monostate>();  // ends with this
};

}  // namespace gensetd::poller
