#pragma once

#include "poller/error_kind.hpp"
#include "poller/poll_target.hpp"
#include "reading/clocks.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace gensetd::poller {

// Whether a device is online, and the log lines of its cycles: one at each change between online and offline,
// and one for debugging at each end of a cycle. Use: succeeded() or failed() at the end of each cycle.
class OnlineState {
 public:
  void succeeded(const PollTarget& target, reading::ClockPair last_response,
                 std::chrono::nanoseconds cycle_time);
  void failed(const PollTarget& target, ErrorKind kind, const std::string& error, SteadyTime cycle_start);

  bool is_online() const { return is_online_; }
  bool responded_last_cycle() const { return last_seen_.has_value() && failed_cycles_ == 0; }
  std::int64_t failed_cycles() const { return failed_cycles_; }  // in a row
  const std::optional<reading::ClockPair>& last_seen() const { return last_seen_; }

 private:
  std::optional<reading::ClockPair> last_seen_;
  std::optional<SteadyTime> offline_since_;
  std::int64_t failed_cycles_ = 0;
  bool is_online_ = false;
  bool is_logged_ = false;  // the log states whether the device is online
};

}  // namespace gensetd::poller
