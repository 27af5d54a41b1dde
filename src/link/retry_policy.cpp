#include "link/retry_policy.hpp"

#include "link/distinct_counts.hpp"
#include "link/error.hpp"
#include "modbus/error.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds retry_pause_min{150};
constexpr std::uint32_t retry_pause_spread_ms = 100;

constexpr int patient_repetitions = 2;

constexpr milliseconds retry_time_min{1'500};
constexpr milliseconds retry_time_max{4'000};

constexpr milliseconds new_connection_grace_min{1'000};
constexpr milliseconds new_connection_grace_max{5'000};

// Exception codes of the Modbus application protocol V1.1b3, 7.
FollowUp after_exception(std::uint8_t code) {
  switch (code) {
    case 0x05:  // acknowledge: the request is still being processed
    case 0x06:  // server device busy
      return FollowUp::repeat_busy;
    case 0x0A:  // gateway path unavailable
    case 0x0B:  // gateway target device failed to respond
      return FollowUp::repeat_gateway;
    default:
      return FollowUp::refuse;
  }
}

// A line over which a request and its timeout have passed has been silent for long enough.
bool was_silent(const Outcome& outcome, modbus::Protocol protocol) {
  const bool is_silence =
      outcome.error == Error::no_response || outcome.error == modbus::ResponseError::damaged_response;
  return is_silence && protocol != modbus::Protocol::tcp;
}

bool is_temporary(FollowUp next) { return next == FollowUp::repeat_busy || next == FollowUp::repeat_gateway; }

}  // namespace

FollowUp follow_up(const Outcome& outcome) {
  const auto& error = outcome.error;
  if (!error) return FollowUp::take;
  if (error == modbus::ResponseError::exception_response) return after_exception(outcome.exception);
  // A new connection is opened for the repetition.
  if (error == Error::connection_lost || error == Error::connect_failed) return FollowUp::repeat;
  // The connection is reopened, or a gateway is back in step.
  if (error == modbus::ResponseError::wrong_transaction) return FollowUp::repeat;
  // Some controllers do not respond, or stop within a response, where others send an exception.
  if (error == Error::no_response || error == modbus::ResponseError::damaged_response ||
      error == modbus::ResponseError::foreign_response || error == modbus::ResponseError::wrong_length)
    return FollowUp::repeat_or_split;
  return FollowUp::give_up;
}

bool may_respond_after_exception(std::uint8_t code) { return is_temporary(after_exception(code)); }

Retry may_repeat(const Outcome& outcome, modbus::Protocol protocol, const RetryState& state) {
  // A broken response shows that the device works.
  const bool is_responding = state.is_responding || outcome.error == modbus::ResponseError::damaged_response;
  // A connection that cannot be made, or is closed, is not made again and again.
  const bool is_connected = outcome.error != Error::connect_failed && outcome.error != Error::connection_lost;
  if (state.is_time_left && is_connected && (is_responding || was_silent(outcome, protocol)))
    return Retry::within_time;
  if (!is_responding) return Retry::none;
  if (outcome.new_connection) return Retry::within_time;  // see new_connection_grace()
  return state.is_extra_retry_used ? Retry::none : Retry::extra;
}

bool needs_pause(const Outcome& outcome, modbus::Protocol protocol) { return !was_silent(outcome, protocol); }

milliseconds retry_pause(std::uint32_t random) {
  return retry_pause_min + milliseconds{random % (retry_pause_spread_ms + 1)};
}

nanoseconds retry_time(milliseconds poll_interval, std::size_t devices_sharing) {
  const auto sharing = static_cast<std::int64_t>(std::max<std::size_t>(1, devices_sharing));
  return std::clamp<nanoseconds>(nanoseconds{poll_interval} / sharing, retry_time_min, retry_time_max);
}

nanoseconds failure_time_max(milliseconds poll_interval, std::size_t devices_sharing,
                             milliseconds modbus_timeout) {
  const auto sharing = static_cast<std::int64_t>(std::max<std::size_t>(1, devices_sharing));
  return retry_time(poll_interval, devices_sharing) * sharing + modbus_timeout;
}

milliseconds hold_time_max(const FailureStreak& failures, nanoseconds failure_time,
                           milliseconds modbus_timeout) {
  if (failures.in_a_row <= patient_repetitions) return DistinctCounts::late_response_max;
  const auto left = std::chrono::floor<milliseconds>(failure_time - failures.lasting);
  return std::max(left, modbus_timeout);
}

bool has_time_to_repeat(const FailureStreak& failures, nanoseconds latency, bool responded_last_cycle,
                        const RetryLimits& limits) {
  if (!responded_last_cycle) return failures.spent + latency <= limits.modbus_timeout;
  return failures.spent < limits.retry_time && failures.lasting < limits.failure_time;
}

bool is_grace_over(const FailureStreak& failures, const RetryLimits& limits) {
  return failures.lasting > limits.failure_time + new_connection_grace(limits.modbus_timeout);
}

nanoseconds single_read_retry_time() { return retry_time(milliseconds{2'000}, 1); }

milliseconds retry_delay(milliseconds configured, std::uint32_t random) {
  const milliseconds spread = configured * retry_delay_spread_percent / 100;
  const auto width = static_cast<std::uint64_t>(2 * spread.count());
  return configured - spread + milliseconds{static_cast<std::int64_t>((width * random) >> 32)};
}

milliseconds new_connection_grace(milliseconds modbus_timeout) {
  return std::clamp(modbus_timeout * 5 / 2, new_connection_grace_min, new_connection_grace_max);
}

void Reopening::opened(SteadyTime now) {
  after_proven_ = std::exchange(proven_, false);
  silent_in_a_row_ = 0;
  failed_in_a_row_ = 0;
  opened_at_ = now;
}

void Reopening::responded() {
  failed_in_a_row_ = 0;
  proven_ = true;
  least_age_ = least_age_min;
}

bool Reopening::failed(bool silent, SteadyTime sent_at, SteadyTime now) {
  if (silent) ++silent_in_a_row_;
  ++failed_in_a_row_;
  const bool is_dead = silent && (silent_in_a_row_ >= silent_max || now - sent_at >= silence_max);
  if (!is_dead && failed_in_a_row_ < failed_max) return false;
  if (proven_) return true;
  if (now - opened_at_ < least_age_) return false;
  least_age_ = std::min(2 * least_age_, least_age_max);
  return true;
}

}  // namespace gensetd::link
