#pragma once

#include "link/transaction.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every rule about failed requests: what an outcome leads to, how often and how soon a request is sent again,
// when a connection is reopened, when a device is offline. Pure functions and numbers.
//
// The policy is in `link` because the link needs its lowest part (resends, the grace of a new connection,
// reopening) and must not depend on `poller`. The cycle and the device poller use the rest.
//
//   request      what its outcome leads to: follow_up(); how often the link sends it again on its own to
//                confirm a response: confirmations_max; how often a longer read may fail: strikes_max_*
//   cycle        whether a failed request is repeated: may_repeat(), has_time_to_repeat(); whether after a
//                pause, and which: needs_pause(), retry_pause()
//   connection   when it is reopened: Reopening
//   device       the delay before the cycle after a failed one: retry_delay(); when it is offline:
//                stays_online()
namespace gensetd::link {

// --- Request ---------------------------------------------------------------------------------------------

enum class FollowUp : std::uint8_t {
  take,            // registers arrived
  refuse,          // the controller works and does not give these registers: no value, and no repetition
  repeat_busy,     // it works and is busy: repeat; if that fails too, as with `refuse`
  repeat_gateway,  // the gateway got nothing from the unit: repeat; a merged read may be the reason. If other
                   // reads of the cycle get a response, as with `refuse`
  repeat,          // a chance event: a repetition is likely to succeed
  repeat_or_split,  // as with `repeat`; or the controller does not know a merged range, which is split then
  give_up,          // a repetition would fail too, or cost as much again
};

// An unknown error means give_up: safe and visible.
FollowUp follow_up(const Outcome& outcome);

// The controller or its gateway may still send the response after this exception (Modbus V1.1b3, 7).
bool may_respond_after_exception(std::uint8_t code);

// How often the link requests the same registers again to confirm a response that does not continue the last
// values. After that the response is accepted; where two responses must agree, the request fails.
inline constexpr int confirmations_max = 4;

// A read may request more registers than wanted (DistinctCounts). After so many times in a row that the
// longer read got no response and then the shorter one did, the controller is taken not to answer such reads.
// A line that loses responses must not look like that, at least where longer reads have succeeded.
inline constexpr int strikes_max_unproven = 3;
inline constexpr int strikes_max_of_proven = 4;
// Behind a gateway the counts are the only protection against another unit's values, so it takes more strikes
// where longer reads have succeeded.
inline constexpr int strikes_max_of_proven_gateway = 8;

// --- Cycle -----------------------------------------------------------------------------------------------

// A read whose response became suspect is repeated at most this many times in a cycle. After that the cycle
// fails.
inline constexpr int suspects_per_cycle_max = 3;

// What is known when a request of a cycle has failed.
struct RetryState {
  bool is_responding = false;        // the device responded in its last cycle, or in this one
  bool is_time_left = false;         // has_time_to_repeat()
  bool is_extra_retry_used = false;  // of this cycle
};

enum class Retry : std::uint8_t {
  none,
  within_time,  // there is time left, or the connection is new
  extra,        // the one retry of a cycle that needs no time left
};

// Whether a request is repeated whose outcome leads to one of the FollowUp::repeat... values.
Retry may_repeat(const Outcome& outcome, modbus::Protocol protocol, const RetryState& state);

// Whether retry_pause() precedes the repetition.
bool needs_pause(const Outcome& outcome, modbus::Protocol protocol);

// The pause before a repetition, 150 to 250 ms: most lost responses were cured by that (field notes, 9).
// `random` is evenly distributed over all its values.
std::chrono::milliseconds retry_pause(std::uint32_t random);

// Failed requests of a cycle.
struct FailureStreak {
  std::chrono::nanoseconds spent{0};    // line time of all failed requests, including the pauses after them
  std::chrono::nanoseconds lasting{0};  // since the first of the failed requests in a row
  int in_a_row = 0;                     // how many requests failed in a row
};

// The line time that a cycle may spend on failed requests: the poll interval, shared by the devices of the
// connection, within limits. At least 1.5 s: on the reference bad line (bench/bad_line) with three devices
// and an interval of two seconds, each device's share of 0.7 s leaves 73 % of the readings online, and 1.5 s
// leave 88 %. At most 4 s: a device that does not respond is to be reported soon.
std::chrono::nanoseconds retry_time(std::chrono::milliseconds poll_interval, std::size_t devices_sharing);

// How long failed requests in a row may continue, including everything their repetitions wait for: the turns
// of the other devices on the connection, and until a response can be distinguished from a late one.
std::chrono::nanoseconds failure_time_max(std::chrono::milliseconds poll_interval,
                                          std::size_t devices_sharing,
                                          std::chrono::milliseconds modbus_timeout);

// How long a repetition may wait until its response can be distinguished from a late one. The first two may
// wait as long as needed: on the reference bad line that keeps 87 % of the readings online, and 74 %
// otherwise. More failures in a row mean a device that does not respond, which is to be reported soon.
std::chrono::milliseconds hold_time_max(const FailureStreak& failures, std::chrono::nanoseconds failure_time,
                                        std::chrono::milliseconds modbus_timeout);

// Whether a cycle may repeat one more failed request. `failures` includes it; a repetition is expected to
// take its `latency` again. A device that responded in its last cycle may spend `retry_time` of line time
// within `failure_time`. Another one costs its neighbours one timeout, which may be several short attempts.
struct RetryLimits {
  std::chrono::nanoseconds retry_time{0};    // retry_time()
  std::chrono::nanoseconds failure_time{0};  // failure_time_max()
  std::chrono::milliseconds modbus_timeout{0};
};
bool has_time_to_repeat(const FailureStreak& failures, std::chrono::nanoseconds latency,
                        bool responded_last_cycle, const RetryLimits& limits);

// Whether failed requests in a row have gone on for so long that a new connection excuses no more of them. A
// peer that closes each connection after a response has a new one for each request.
bool is_grace_over(const FailureStreak& failures, const RetryLimits& limits);

// The line time that a single read may spend on failed requests: that of a device that is polled every two
// seconds and does not share its connection.
std::chrono::nanoseconds single_read_retry_time();

// --- Device ----------------------------------------------------------------------------------------------

// The delay between a failed cycle and the next one: `configured`, randomly longer or shorter by up to
// this share.
// `random` is evenly distributed over all its values.
inline constexpr int retry_delay_spread_percent = 10;
std::chrono::milliseconds retry_delay(std::chrono::milliseconds configured, std::uint32_t random);

// Whether a device is still online after a failed cycle, the last of `failed_cycles` in a row.
constexpr bool stays_online(bool was_online, std::int64_t failed_cycles, int offline_after) {
  return was_online && failed_cycles < offline_after;
}

// --- Connection ------------------------------------------------------------------------------------------

// Some controllers ignore requests for some seconds after a connect (field notes, 26). For this long after
// connecting, a request is repeated beyond the budget of its cycle: 5 s with the default timeout; less with
// shorter ones, so that a loss is reported in time.
std::chrono::milliseconds new_connection_grace(std::chrono::milliseconds modbus_timeout);

// Decides when a connection that yields no valid responses is reopened. Use: opened(), then responded() for
// each valid response and failed() for each request without one.
class Reopening {
 public:
  void opened(SteadyTime now);
  void received_bytes() { silent_in_a_row_ = 0; }
  void responded();
  // `silent`: no byte arrived since the request was sent. Returns true if the connection must be reopened
  // now.
  bool failed(bool silent, SteadyTime sent_at, SteadyTime now);

  // This connection has yielded no valid response, and the one before it had.
  bool is_new() const { return !proven_ && after_proven_; }
  SteadyTime opened_at() const { return opened_at_; }

 private:
  // A peer that lost its power leaves a connection that never fails. It is reopened after so many requests
  // without a byte. One silent unit among others that respond does not reach this number.
  static constexpr int silent_max = 2;
  // Or after one request that waited for this long without a byte: bytes on a stalled connection must not
  // arrive later than DistinctCounts::late_response_max.
  static constexpr std::chrono::seconds silence_max{5};
  // A connection that is out of step, or whose peer sends noise, stays so. It is reopened after so many
  // requests without a valid response, however many bytes arrive (field notes, 21).
  static constexpr int failed_max = 4;
  // A connection that has never yielded a valid response is not reopened before this age, which doubles each
  // time: with short timeouts, a controller that ignores requests after a connect would never respond.
  static constexpr std::chrono::seconds least_age_min{5};
  static constexpr std::chrono::seconds least_age_max{60};

  bool proven_ = false;        // this connection has yielded a valid response
  bool after_proven_ = false;  // the connection before this one had
  int silent_in_a_row_ = 0;
  int failed_in_a_row_ = 0;
  SteadyTime opened_at_{};
  std::chrono::seconds least_age_ = least_age_min;
};

}  // namespace gensetd::link
