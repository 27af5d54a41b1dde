#pragma once

#include "link/transaction.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every rule about requests that fail: what an outcome leads to, how often and how soon a request is
// repeated, when a connection is reopened. Pure functions and numbers; link, cycle and device poller use
// them.
//
//   request      what its outcome leads to: follow_up()
//   cycle        whether a failed request is repeated: may_repeat(); after which pause: retry_pause()
//   connection   when it is reopened: Reopening
//   device       the delay before the cycle after a failed one is poller::spread_delay() of its retry_delay;
//                it is offline after offline_after failed cycles in a row
namespace gensetd::link {

// --- Request ---------------------------------------------------------------------------------------------

enum class FollowUp : std::uint8_t {
  take,            // registers arrived
  refuse,          // the controller works and does not give these registers: no value, and no repetition
  repeat_busy,     // it works and is busy: repeat; if that fails too, as with `refuse`
  repeat_gateway,  // the gateway got nothing from the unit: repeat; a merged read may be the reason. If other
                   // reads of the cycle are answered, as with `refuse`
  repeat,          // a chance event that a repetition may well cure
  repeat_or_split,  // likewise; and a controller that does not know a merged range may behave like this
  give_up,          // a repetition would end alike, or cost as much again
};

// An unknown error means give_up: safe and visible.
FollowUp follow_up(const Outcome& outcome);

// --- Cycle -----------------------------------------------------------------------------------------------

// A read whose response came into doubt is repeated so often in a cycle; more doubts fail the cycle.
inline constexpr int doubts_per_cycle_max = 3;

// The pause before a repetition, 150 to 250 ms: most lost responses were cured by that (field notes, 9).
// `random` is evenly distributed over all its values.
std::chrono::milliseconds retry_pause(std::uint32_t random);

// A cycle in trouble.
struct Trouble {
  std::chrono::nanoseconds spent{0};    // line time of its failed requests, with the pauses behind them
  std::chrono::nanoseconds lasting{0};  // since the first of the failed requests in a row,
  int in_a_row = 0;                     // and how many these are
};

// The line time that a cycle may spend on failed requests: the poll interval, shared by the devices of the
// connection, within limits. At least 1.5 s: on the reference bad line with three devices, a third of two
// seconds leaves 73 % of the readings online and this 88 %. At most 4 s: a device that does not respond is to
// be reported soon.
std::chrono::nanoseconds retry_time(std::chrono::milliseconds poll_interval, std::size_t devices_sharing);

// How long failed requests in a row may go on, with all that their repetitions wait for: the turns of the
// other devices of the connection, and until a response can be told from a late one.
std::chrono::nanoseconds trouble_time_max(std::chrono::milliseconds poll_interval,
                                          std::size_t devices_sharing,
                                          std::chrono::milliseconds modbus_timeout);

// How long a repetition may wait until its response can be told from a late one. As long as it takes for the
// first two: on the reference bad line that keeps 87 % of the readings online, and 74 % otherwise. More
// failures in a row are those of a device that does not respond, which is to be reported soon.
std::chrono::milliseconds hold_time_max(const Trouble& trouble, std::chrono::nanoseconds trouble_time,
                                        std::chrono::milliseconds modbus_timeout);

// --- Connection ------------------------------------------------------------------------------------------

// Some controllers ignore requests for some seconds after a connection is made (field notes, 26). So long
// after connecting a request is repeated beyond the budget of its cycle: with the default timeout 5 s, with
// shorter ones less, so that a loss is reported in time.
std::chrono::milliseconds new_connection_grace(std::chrono::milliseconds modbus_timeout);

// Decides when a connection is reopened that brings no valid responses. Use: opened(), then answered() for
// each valid response and failed() for each request without one.
class Reopening {
 public:
  void opened(SteadyTime now);
  void received_bytes() { silent_in_a_row_ = 0; }
  void answered();
  // `silent`: no byte arrived since the request was sent. True: reopen the connection now.
  bool failed(bool silent, SteadyTime sent_at, SteadyTime now);

  // Without a valid response so far, behind a connection that brought one.
  bool is_new() const { return !proven_ && after_proven_; }
  SteadyTime opened_at() const { return opened_at_; }

 private:
  // A peer that lost its power leaves a connection that never fails. After so many requests without a byte it
  // is reopened; one silent unit among others that respond never gets there.
  static constexpr int silent_max = 2;
  // Or after so long without one: what is in flight on a connection that stalls must not arrive later than
  // DistinctCounts::late_answer_max.
  static constexpr std::chrono::seconds silence_max{5};
  // A connection that is out of step, or whose other end sends noise, stays so. After so many requests
  // without a valid response it is reopened, however many bytes arrive (field notes, 21).
  static constexpr int failed_max = 4;
  // A connection that has never brought a valid response is not reopened before this age, and twice as late
  // each time: short timeouts must not keep a controller that ignores requests after connecting deaf for
  // ever.
  static constexpr std::chrono::seconds least_age_min{5};
  static constexpr std::chrono::seconds least_age_max{60};

  bool proven_ = false;        // this connection has brought a valid response
  bool after_proven_ = false;  // the connection before this one had
  int silent_in_a_row_ = 0;
  int failed_in_a_row_ = 0;
  SteadyTime opened_at_{};
  std::chrono::seconds least_age_ = least_age_min;
};

}  // namespace gensetd::link
