#pragma once

#include "link/link.hpp"
#include "poller/cycle.hpp"
#include "poller/cycle_failures.hpp"
#include "poller/diagnostics.hpp"
#include "poller/online_state.hpp"
#include "poller/poll_context.hpp"
#include "poller/poll_target.hpp"
#include "poller/schedule.hpp"
#include "reading/clocks.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace gensetd::poller {

// Reads one device until it is destroyed: waits for its slot, runs a cycle, publishes a reading, repeats.
// Owned by shared_ptr; destroying it stops everything at once. Invariant: no more transactions are in flight
// than the profile allows, and the numbers of its readings increase. Used on the context's thread only.
class DevicePoller final : public link::TransactionHandler,
                           public std::enable_shared_from_this<DevicePoller> {
 public:
  struct StartOptions {
    std::uint64_t generation = 0;  // is passed on with every reading
    bool at_slot = false;          // the first cycle starts at the device's slot; otherwise within a second
  };
  DevicePoller(PollContext& context, PollTarget target, StartOptions options);
  ~DevicePoller();
  DevicePoller(const DevicePoller&) = delete;
  DevicePoller& operator=(const DevicePoller&) = delete;

  void start();
  void update(PollTarget target);  // names and settings; is_same_source() must hold

  const PollTarget& target() const { return target_; }
  const link::Link& link() const { return *link_; }
  DeviceMetrics metrics() const;
  PlanInUse plan() const;

 private:
  // settling: all responses are in; a late duplicate may still prove one of them wrong.
  enum class State : std::uint8_t { waiting, requesting, pausing, settling };

  void start_soon();
  void wake_in(std::chrono::milliseconds time, State state);
  void wake_at(SteadyTime time, State state);
  void on_wake();
  void begin();
  link::RetryLimits retry_limits() const;
  void follow(const Step& step);
  void submit(const SendRequest& send);
  void finished(const link::Outcome& outcome) override;
  void response_suspected(const modbus::ReadRequest& request) override;
  template <class Act>
  void guarded(Act act) noexcept;
  void recover(const std::exception_ptr& exception) noexcept;
  void process_outcome(const link::Outcome& outcome);
  void process_suspect(const modbus::ReadRequest& request);
  void settle();
  void on_settled();
  void end_cycle();
  void succeed();
  void fail(ErrorKind kind, std::string error);
  std::string with_stray_bytes(std::string error) const;
  void publish(reading::ClockPair when, std::string error);
  void count(std::uint64_t PollCounters::* which, std::uint64_t times = 1);
  std::uint32_t random() { return static_cast<std::uint32_t>(context_.random()); }

  PollContext& context_;
  PollTarget target_;
  Cycle cycle_;
  std::shared_ptr<link::Link> link_;
  boost::asio::steady_timer timer_;
  State state_ = State::waiting;

  std::vector<profile::Value> values_;  // of the last successful cycle
  const StartOptions start_options_;
  OnlineState online_state_;
  PollCounters counters_;
  CycleHistory history_;
  RecentLatency latency_;
  SteadyTime cycle_start_{};
  SteadyTime settled_by_{};
  CycleFailures cycle_failures_;
  std::chrono::nanoseconds last_cycle_{0};  // from its start to its last response
  reading::ClockPair last_response_{};
};

}  // namespace gensetd::poller
