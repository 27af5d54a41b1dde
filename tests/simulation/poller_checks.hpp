#pragma once

#include "controllers.hpp"
#include "kernel.hpp"
#include "network.hpp"
#include "poller/alarm_word_checks.hpp"
#include "poller/device_poller.hpp"
#include "trace.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::simulation {

// The epoch of the program under test. It is constant so that the hash of all events is reproducible.
inline constexpr reading::Epoch run_epoch = 0x5EED;

// Counters of a run, which show whether it covered the intended cases.
struct RunMetrics {
  std::uint64_t requests = 0;
  std::uint64_t good_readings = 0;
  std::uint64_t partial_readings = 0;  // a block was refused
  std::uint64_t failed_readings = 0;
  std::uint64_t values = 0;
  std::uint64_t alarm_words = 0;      // that were read because of an alarm
  std::uint64_t without_details = 0;  // readings that say that alarm words cannot be read
  std::uint64_t losses = 0;           // online to offline
  std::uint64_t exact_starts = 0;
  std::uint64_t connections = 0;

  RunMetrics& operator+=(const RunMetrics& other);
};

// Checks the requirements of PRODUCT.md for the poller from outside: its socket calls and published readings
// are compared with the state of the plant. Nothing here depends on the program's internals. Use: watch()
// each device, report its faults, and call step() whenever time advances.
class PollerChecks final : public SocketObserver, public ResponseObserver {
 public:
  PollerChecks(Kernel& kernel, Trace& trace) : kernel_(kernel), trace_(trace) {}
  void set_register_codes(poller::RegisterCodes& codes) { codes_ = &codes; }

  // Processes the readings published so far: readings before a request belong to the previous cycle.
  std::function<void()> drain_published = [] {};

  // The device is polled with this target from now on; its earlier state is discarded.
  void watch(Peer& peer, const poller::PollTarget& target, std::uint64_t generation);
  void edited(const poller::PollTarget& target);  // its pace has changed
  void forget(std::int64_t device_id);

  // Events of the plant. `dead`: the device cannot be read at all.
  void fault_begins(std::int64_t device_id, bool dead);
  void fault_ends(std::int64_t device_id, bool dead);
  void stalled(Time until);
  void block_refused(std::int64_t device_id, std::uint16_t block, bool whether);
  void noise_begins(const Peer& peer) { lines_[&peer].noisy = true; }
  void noise_ends(const Peer& peer) { lines_[&peer].noisy = false; }

  // Events of the program.
  void published(const reading::Reading& reading, std::uint64_t generation);
  void lookup_started(Peer& peer);
  void connects(Peer& peer) override;
  void connected(Peer& peer) override;
  void sends(Peer& peer, std::span<const std::uint8_t> bytes) override;
  void closes(Peer& peer) override;
  void readable(Peer& peer) override;
  void responded(Peer& peer, const modbus::ReadRequest& request) override;
  void response_copied(Peer& peer, const modbus::ReadRequest& request) override;
  void partly_responded(Peer& peer, const modbus::ReadRequest& request) override;
  void response_lost(const ModelController& controller, Time until) override;
  void ignoring_requests(const ModelController& controller, Time until) override;
  bool is_idle(const Peer& peer) const override;

  void step();
  const RunMetrics& metrics() const { return metrics_; }

 private:
  struct Device {
    Peer* peer = nullptr;
    poller::PollTarget target;
    std::uint64_t generation = 0;
    std::size_t on_line = 1;  // devices that share its connection
    // Of the plant.
    int faults = 0;
    int deadly_faults = 0;
    Time well_since{};
    Time dead_since{};
    bool refusing = false;
    std::uint16_t refused_block = 0;
    Time refusing_changed_at{};
    // Of the last reading.
    std::uint64_t seq = 0;
    std::optional<reading::Timestamp> last_seen;
    std::vector<profile::Value> values;
    reading::AlarmWordsPtr last_words;
    poller::AlarmWordChecks words;
    bool online = false;
    bool good = false;
    int failures = 0;
    Time published_at{};
    Time last_start{};              // of the cycle of that reading
    bool was_start_hidden = false;  // the cycle began before its first request, see begin_cycle()
    // Of the cycle under way. One that began before an edit has the old timeout, in part.
    Time timeout_min{};
    Time timeout_max{};
    std::optional<Time> start;
    Time last_response{};
    Time last_response_wall{};
    int sends = 0;
    int connects = 0;
    bool is_connecting = false;  // there was no request since
    // The cycle before, whose last request lost its connection, began the attempt to connect.
    bool has_attempt_before = false;
    // Of the schedule.
    std::optional<Time> phase;
  };
  struct PendingRequest {
    std::int64_t device_id = 0;
    modbus::ReadRequest request;
    Time at{};
    Time timeout{};
    bool partly_responded = false;
  };
  struct Line {
    int open = 0;
    bool connecting = false;
    bool noisy = false;
    Time last_act{};
    Time last_byte{};
    Time last_pause{};  // before it
    Time connected_at{};
    std::uint64_t attempt = 0;
    std::vector<PendingRequest> pending;
  };

  bool is_serial(const Peer& peer) const { return peer.port != 502; }
  template <class Visit>
  void for_each_at(const Peer& peer, Visit visit) {
    for (auto& [id, device] : devices_)
      if (device.peer == &peer) visit(device);
  }
  void act(Peer& peer);
  void sends_one(Peer& peer, std::span<const std::uint8_t> bytes);
  void begin_cycle(Device& device);
  void check_start(const Device& device, Time start);
  void check_on_grid(Device& device, Time start);
  void check_success(Device& device, const reading::Content& content);
  void check_failure(Device& device, const reading::Content& content);
  bool was_faulty(const Device& device) const;  // in the cycle under way
  bool was_busy(const Device& device, const std::string& error) const;
  void check_words(Device& device, const reading::Content& content);
  void check_value(const Device& device, std::uint16_t address, std::int64_t value);
  void check_state(Device& device);
  void check_not_forgotten(Peer& peer, const PendingRequest& pending);
  Time offline_bound(const Device& device) const;
  Time online_bound(const Device& device) const;
  Time silence_bound(const Device& device) const;
  bool is_calm(Time since) const { return stalled_until_ < since; }
  void broken(const Device& device, const std::string& promise);

  Kernel& kernel_;
  Trace& trace_;
  poller::RegisterCodes* codes_ = nullptr;
  std::map<std::int64_t, Device> devices_;
  std::map<const Peer*, Line> lines_;
  Time stalled_until_{};
  RunMetrics metrics_;
};

}  // namespace gensetd::simulation
