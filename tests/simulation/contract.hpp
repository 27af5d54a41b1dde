#pragma once

#include "controllers.hpp"
#include "kernel.hpp"
#include "network.hpp"
#include "poller/device_poller.hpp"
#include "trace.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::simulation {

// Of the program under test: a hash of all events must not depend on a random one.
inline constexpr reading::Epoch run_epoch = 0x5EED;

// How a run went, for a look at whether it tried what it should.
struct Figures {
  std::uint64_t requests = 0;
  std::uint64_t good_readings = 0;
  std::uint64_t partial_readings = 0;  // a block was refused
  std::uint64_t failed_readings = 0;
  std::uint64_t values = 0;
  std::uint64_t losses = 0;  // online to offline
  std::uint64_t exact_starts = 0;
  std::uint64_t connections = 0;

  Figures& operator+=(const Figures& other);
};

// What PRODUCT.md promises of the poller, watched from outside: by what it does at its sockets, by what it
// publishes, and by what is known of the plant. Nothing here asks the program how it came to it. Use: watch()
// each device, tell it of faults, and step() whenever time goes on.
class Contract final : public Witness, public AnswerWitness {
 public:
  Contract(Kernel& kernel, Trace& trace) : kernel_(kernel), trace_(trace) {}
  void know(poller::RegisterCodes& codes) { codes_ = &codes; }

  // Takes the readings published so far: those before a request belong to the cycle before it.
  std::function<void()> take_published = [] {};

  // A device is polled, with this target, from now on; before that nothing of it is known.
  void watch(Peer& peer, const poller::Target& target, std::uint64_t generation);
  void edited(const poller::Target& target);  // its pace is another
  void forget(std::int64_t device_id);

  // Of the plant. `dead`: it cannot be read at all.
  void fault_begins(std::int64_t device_id, bool dead);
  void fault_ends(std::int64_t device_id, bool dead);
  void stalled(Time until);
  void block_refused(std::int64_t device_id, std::uint16_t block, bool whether);
  void line_is_noisy(const Peer& peer) { lines_[&peer].noisy = true; }
  void line_is_clear(const Peer& peer) { lines_[&peer].noisy = false; }

  // Of the program.
  void published(const reading::Reading& reading, std::uint64_t generation);
  void looks_up(Peer& peer);
  void connects(Peer& peer) override;
  void connected(Peer& peer) override;
  void sends(Peer& peer, std::span<const std::uint8_t> bytes) override;
  void closes(Peer& peer) override;
  void hears(Peer& peer) override;
  void answered(Peer& peer, const modbus::ReadRequest& request) override;
  void copied(Peer& peer, const modbus::ReadRequest& request) override;
  void partly_answered(Peer& peer, const modbus::ReadRequest& request) override;
  void spoiled(const Controller& controller, Time until) override;
  void ignores(const Controller& controller, Time until) override;
  bool is_idle(const Peer& peer) const override;

  void step();
  const Figures& figures() const { return figures_; }

 private:
  struct Device {
    Peer* peer = nullptr;
    poller::Target target;
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
    bool online = false;
    bool good = false;
    int failures = 0;
    Time published_at{};
    Time last_start{};  // of the cycle that it told of
    // Of the cycle under way. One that began before an edit has the old timeout, in part.
    Time timeout_min{};
    Time timeout_max{};
    std::optional<Time> start;
    Time last_answer{};
    Time last_answer_wall{};
    int sends = 0;
    int connects = 0;
    // Of the schedule.
    std::optional<Time> phase;
  };
  struct Asked {
    std::int64_t device_id = 0;
    modbus::ReadRequest request;
    Time at{};
    Time timeout{};
    bool partly_answered = false;
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
    std::vector<Asked> asked;
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
  void check_success(Device& device, const reading::Facts& facts);
  void check_failure(Device& device, const reading::Facts& facts);
  bool was_busy(const Device& device, const std::string& error) const;
  void check_value(const Device& device, const profile::Field& field, const profile::Value& value);
  void check_state(Device& device);
  void check_not_forgotten(Peer& peer, const Asked& asked);
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
  Figures figures_;
};

}  // namespace gensetd::simulation
