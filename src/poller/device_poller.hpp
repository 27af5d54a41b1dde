#pragma once

#include "link/link.hpp"
#include "log/log.hpp"
#include "poller/cycle.hpp"
#include "poller/describe.hpp"
#include "poller/diagnostics.hpp"
#include "poller/error_kind.hpp"
#include "poller/handover.hpp"
#include "poller/schedule.hpp"
#include "reading/reading.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::poller {

// What the device pollers of a thread share.
class Surroundings {
 public:
  Surroundings(boost::asio::io_context& its_context, link::Pool& its_links, Handover& handover,
               reading::Numbering& its_numbering);

  void publish(Handover::Item item);
  profile::ReadsPtr reads(const profile::ProfilePtr& profile, modbus::Protocol protocol);

  boost::asio::io_context& context;
  link::Pool& links;
  reading::Numbering& numbering;
  Totals totals;
  std::mt19937 random;

 private:
  void push_held_later();

  std::map<std::pair<profile::ProfilePtr, modbus::Protocol>, profile::ReadsPtr> reads_;
  Handover& handover_;
  boost::asio::steady_timer push_held_;
  bool waits_ = false;
};

// One device, as the registry describes it.
struct Target {
  reading::Identity identity;
  std::string name;
  Address address;
  profile::ProfilePtr profile;
  Pace pace;

  // Whether readings of both come from the same registers of the same controller.
  bool is_same_source(const Target& other) const {
    return address == other.address && profile == other.profile;
  }
};

// Reads one device for ever: waits for its slot, runs a cycle, publishes a reading, waits again. Owned by
// shared_ptr; destroying it ends everything at once. Invariant: no more transactions are under way than the
// profile allows, and the numbers of its readings increase. One thread: the context's.
class DevicePoller final : public link::Requester, public std::enable_shared_from_this<DevicePoller> {
 public:
  struct Beginning {
    std::uint64_t generation = 0;  // goes with every reading
    bool at_slot = false;          // begins at its slot, within an interval; else within a second
  };
  DevicePoller(Surroundings& surroundings, Target target, Beginning beginning);
  ~DevicePoller();
  DevicePoller(const DevicePoller&) = delete;
  DevicePoller& operator=(const DevicePoller&) = delete;

  void start();
  void adopt(Target target);  // of the same source: names and pace

  const Target& target() const { return target_; }
  const link::Link& link() const { return *link_; }
  DeviceFigures figures() const;
  PlanInUse plan() const;

 private:
  enum class State : std::uint8_t { waiting, asking, pausing, settling };

  // One moment by both clocks.
  struct Moment {
    reading::Timestamp wall{};
    SteadyTime steady{};
  };
  static Moment now();

  void start_soon();
  void wake_in(std::chrono::milliseconds time, State state);
  void wake_at(SteadyTime time, State state);
  void woken();
  void begin();
  bool has_time_to_repeat(const link::Outcome& outcome) const;
  void note_trouble(const link::Outcome& outcome);
  link::Trouble trouble() const;
  std::chrono::nanoseconds retry_time() const;
  std::chrono::nanoseconds trouble_time_max() const;
  void follow(const Step& step);
  void submit(const Ask& ask);
  void finished(const link::Outcome& outcome) override;
  void doubted(const modbus::ReadRequest& request) override;
  template <class Act>
  void guarded(Act act) noexcept;
  void recover(const std::exception_ptr& exception) noexcept;
  void take(const link::Outcome& outcome);
  void take_doubt(const modbus::ReadRequest& request);
  void settle();
  void settled();
  void end_cycle();
  void succeed();
  void fail(ErrorKind kind, std::string error);
  std::string with_stray_bytes(std::string error) const;
  void publish(Moment when, std::string error);
  void count(std::uint64_t Counters::* which, std::uint64_t times = 1);
  log::Event event(log::Event event) const;
  std::string label() const;

  Surroundings& surroundings_;
  Target target_;
  Cycle cycle_;
  std::shared_ptr<link::Link> link_;
  boost::asio::steady_timer timer_;
  State state_ = State::waiting;

  std::vector<profile::Value> values_;  // of the last successful cycle
  std::optional<Moment> last_seen_;
  const Beginning beginning_;
  Counters counters_;
  CycleHistory history_;
  RecentLatency latency_;
  SteadyTime cycle_start_{};
  SteadyTime settled_by_{};
  std::chrono::nanoseconds spent_on_failures_{0};  // in this cycle
  int failures_in_a_row_ = 0;                      // requests of this cycle
  std::optional<SteadyTime> failing_since_;        // of the failed requests in a row, if the last one failed
  std::chrono::nanoseconds last_cycle_{0};         // from its start to its last answer
  Moment last_answer_;
  std::optional<SteadyTime> lost_at_;
  std::int64_t failures_ = 0;  // cycles in a row
  bool online_ = false;
  bool told_ = false;  // the log knows whether it is online
};

}  // namespace gensetd::poller
