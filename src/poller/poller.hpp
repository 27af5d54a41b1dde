#pragma once

#include "live/hub.hpp"
#include "poller/connection_test.hpp"
#include "poller/diagnostics.hpp"
#include "poller/poll_target.hpp"
#include "poller/poll_thread.hpp"
#include "poller/reader.hpp"
#include "poller/scanner.hpp"
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

// Polls every active device of every active site on threads of its own, publishes the readings to the hub,
// and follows the registry's changes. Use: construct; start() with the devices registered so far; pass it to
// registry::Service::listen(); stop() publishes each device's last reading. All functions and the awaitables
// they return run on the context's thread.
class Poller final : public registry::ChangeListener {
 public:
  struct Options {
    PollSettings defaults;  // for devices without settings of their own
    link::AddressPolicy policy;
    std::size_t threads = 1;
    std::shared_ptr<link::DescriptorBudget> descriptors;  // null: no limit
  };

  // `catalog`, `directory`, `hub` and `numbering` must outlive it.
  Poller(boost::asio::io_context& context, const profile::Catalog& catalog,
         const registry::Directory& directory, live::Hub& hub, reading::Numbering& numbering,
         const Options& options);
  ~Poller();

  void start();
  void stop();

  bool running() const { return running_; }
  // Which polling threads do not respond, and since when, as a text; empty: all respond.
  std::string problem() const;
  std::size_t threads() const { return threads_.size(); }
  std::size_t threads_hanging() const { return monitor_.hanging(); }
  bool polls(std::int64_t device_id) const { return devices_.contains(device_id); }
  std::size_t devices() const { return devices_.size(); }
  std::size_t devices_online() const { return online_; }
  PollSettings settings_of(std::int64_t device_id) const;  // the defaults when the device is not polled

  // Calls visit(identity, is_online) for each polled device.
  template <class Visit>
  void for_each_device(Visit visit) const {
    for (const auto& [id, device] : devices_) visit(device.target.identity, device.online);
  }

  std::vector<std::int64_t> device_ids() const;  // ascending
  // If the poller is destroyed meanwhile, totals() and metrics() return what they have received so far.
  boost::asio::awaitable<AllTotals> totals() const;
  // Devices that are not polled are left out.
  boost::asio::awaitable<std::vector<DeviceAndLink>> metrics(std::vector<std::int64_t> device_ids) const;
  // Empty when the device is not polled.
  boost::asio::awaitable<std::optional<Diagnostics>> diagnostics(std::int64_t device_id) const;
  // Why a registered device is not polled, as a text; empty when it is polled.
  std::string why_not_polled(const registry::Device& device) const;

  // All of these use the connections of the polled devices: one for each host:port.
  boost::asio::awaitable<ConnectionTestResult> test_connection(DeviceAddress address,
                                                               profile::ProfilePtr profile);
  // `range` alone, or every register of the profile.
  boost::asio::awaitable<ReadResult> read(DeviceAddress address, profile::ProfilePtr profile,
                                          std::optional<modbus::ReadRequest> range);
  // On the same connection in turns with polling; it ends after scan_time_max with what was found so far.
  boost::asio::awaitable<ScanResult> scan(ScanPlan plan);

  // The catalog has another register map for the device now, or none.
  void profile_replaced(const registry::Device& device) { device_changed(device); }

 private:
  // A polled device, with the state that its thread last published.
  struct Device {
    PollTarget target;
    PollThread* thread = nullptr;
    std::uint64_t generation = 0;
    bool online = false;
    bool unresponsive = false;  // published as offline because its thread hangs
  };

  void site_changed(const registry::Site& site, const std::set<std::int64_t>& device_ids) override;
  void device_changed(const registry::Device& device) override;
  void device_removed(std::int64_t device_id) override;

  void sync(const registry::Device& device);
  void set_online(Device& device, bool online);
  void set_unresponsive(Device& device, bool unresponsive);
  // Publishes a reading on behalf of the polling thread: not read yet, stopped, thread hangs.
  void publish(const Device& device, reading::Content content);
  PollThread& thread_of(const DeviceAddress& address) const;
  void start(Device& device, DevicePoller::StartOptions options);
  void wait_for_readings(std::size_t thread);
  void receive(ReadingQueue& readings);
  void receive(const ReadingQueue::Item& item);
  void try_sync(const registry::Device& device);
  void check();
  void check_devices(const PollThread& thread);

  const profile::Catalog& catalog_;
  const registry::Directory& directory_;
  live::Hub& hub_;
  reading::Numbering& numbering_;
  const PollSettings defaults_;
  std::vector<std::unique_ptr<PollThread>> threads_;
  std::shared_ptr<supervision::Heartbeat> heartbeat_;  // of this thread
  supervision::HangMonitor monitor_;                   // of the polling threads
  supervision::Repeater checks_;
  mutable std::vector<AllTotals> last_totals_;  // of each thread, while it does not respond
  std::set<std::int64_t> not_synced_;           // devices whose change failed; retried each second
  std::vector<boost::asio::posix::stream_descriptor> reading_events_;  // one per thread
  std::unordered_map<std::int64_t, Device> devices_;
  std::uint64_t generation_ = 0;  // the newest
  std::size_t online_ = 0;
  std::size_t unresponsive_ = 0;
  bool running_ = false;
  bool starting_at_slots_ = false;
  std::shared_ptr<std::monostate> alive_ =
      std::make_shared<std::monostate>();  // expires when this is destroyed
};

}  // namespace gensetd::poller
