#include "link/conversation.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::link {
namespace {

using boost::system::error_code;
using modbus::ReadRequest;
using std::chrono::milliseconds;

// On a shared line, another master's response may also arrive after ours and have the requested shape.
constexpr milliseconds settling_when_shared{250};

// More received bytes than this cannot be a frame: it is more than the longest frame of either protocol.
constexpr std::size_t received_bytes_max = 1'024;

// How long a single register waits for other requests of the connection, before it is read again without
// them, and how often it looks.
constexpr std::chrono::seconds wait_for_other_requests_max{5};
constexpr milliseconds look_again_after{100};

}  // namespace

void Conversation::submit(TransactionHandler& handler, const Transaction& transaction) {
  state_.enqueue(handler, transaction);
  if (!is_serial(transaction)) tcp_.submitted(transaction.request.unit_id);
  if (transaction.connect_delay.count() > 0) {
    connect_delays_[&handler] = transaction.connect_delay;
  } else if (!connect_delays_.empty()) {
    connect_delays_.erase(&handler);
  }
}

void Conversation::withdraw(TransactionHandler& handler) {
  state_.withdraw(handler);
  rtu_.withdraw(handler);
  connect_delays_.erase(&handler);
}

void Conversation::opened(SteadyTime now, std::optional<std::uint16_t> first_transaction_id) {
  connected_ = true;
  connecting_ = false;
  state_.must_close = false;
  state_.is_fresh = true;
  state_.reopening.opened(now);
  state_.close_after_responses.opened();
  is_closing_ = false;
  tcp_.opened(first_transaction_id);
  state_.received.clear();
  state_.last_byte_at = now;
  quiet_deadline_.reset();
  ++state_.line.connects;
}

void Conversation::unreachable(error_code error, error_code cause, SteadyTime) {
  connecting_ = false;
  for (const QueuedTransaction& queued : state_.queue) {
    state_.reports.push_back(
        Report{queued.handler, {.request = queued.transaction.request, .error = error, .cause = cause}});
  }
  state_.queue.clear();
}

void Conversation::closed(error_code cause, SteadyTime now) {
  if (!connected_) return;
  connected_ = false;
  state_.must_close = false;
  if (!is_closing_) state_.close_after_responses.closed(!state_.pending.empty(), now);
  state_.received.clear();
  rtu_.closed(now);
  ++state_.line.connections_lost;
  const bool was_fresh = std::exchange(state_.is_fresh, true);
  while (!state_.pending.empty()) {
    PendingRequest& last = state_.pending.back();
    // The end of a connection that was closed while it was idle is noticed only now. That is no failure of
    // the device.
    if (was_fresh || last.queued.was_resent || last.bytes_received != 0 || last.queued.handler == nullptr) {
      finish_without_response(state_.pending.size() - 1, Error::connection_lost, cause, now);
      continue;
    }
    // As in finish_without_response(): only through a gateway the response may arrive on the next connection.
    if (last.has_own_count && (is_serial(last.queued.transaction) || tcp_.is_gateway()))
      counts_of(last.queued.transaction).no_response(last.queued.transaction.request, last.request, now);
    last.queued.was_resent = true;
    last.queued.round = 0;
    state_.queue.insert(state_.queue.begin(), last.queued);
    state_.remove_pending(state_.pending.size() - 1, now);
  }
}

void Conversation::received(std::span<const std::uint8_t> bytes, SteadyTime now) {
  if (bytes.empty() || !connected_) return;
  expire(now);
  // The time of arrival is unknown, only the time of reading: this proves no silence before the bytes.
  state_.last_byte_at = now;
  if (state_.received.empty()) state_.received_since = now;
  state_.reopening.received_bytes();
  for (PendingRequest& pending : state_.pending) pending.bytes_received += bytes.size();
  state_.received.insert(state_.received.end(), bytes.data(), bytes.data() + bytes.size());
  process_received(false, now);
}

Action Conversation::next(SteadyTime now) {
  if (auto report = state_.next_report()) return *report;
  // A frame that was incomplete before a silence stays incomplete.
  const auto silence = rtu_.silence_at();
  process_received(silence && *silence <= now, now);
  expire(now);
  if (auto report = state_.next_report()) return *report;
  if (std::exchange(state_.must_close, false)) {
    is_closing_ = true;
    return Close{};
  }

  SteadyTime wake = SteadyTime::max();
  if (!connected_ && !connecting_ && !state_.queue.empty()) {
    connecting_ = true;
    return Connect{state_.queue.front().transaction.timeout};
  }
  if (connected_) {
    if (auto send = next_send(now, wake)) return *send;
    if (auto report = state_.next_report()) return *report;
  }
  for (const PendingRequest& pending : state_.pending) wake = std::min(wake, pending.deadline);
  if (const auto quiet = rtu_.silence_at()) wake = std::min(wake, *quiet);
  return Wait{wake};
}

// Stops at the first response: its registers are reported before the next frame is processed.
void Conversation::process_received(bool silent, SteadyTime now) {
  if (!state_.reports.empty()) return;
  if (state_.is_serial_line) {
    rtu_.process_received(silent, now);
  } else {
    tcp_.process_received(now);
  }
  if (state_.received.size() > received_bytes_max)
    state_.discard(state_.received.size() - received_bytes_max);
}

// Ends requests whose deadline has passed. Bytes received until then are processed first, complete or not.
void Conversation::expire(SteadyTime now) {
  const bool is_over = std::ranges::any_of(
      state_.pending, [&](const PendingRequest& pending) { return pending.deadline <= now; });
  if (is_over) process_received(true, now);
  for (std::size_t index = state_.pending.size(); index-- > 0;) {
    PendingRequest& pending = state_.pending[index];
    if (pending.deadline > now) continue;
    if (pending.exception) {
      rtu_.accept_exception(index, now);
      continue;
    }
    ++state_.unit(pending.request.unit_id).timeouts;
    if (state_.reopening.failed(pending.bytes_received == 0, pending.sent_at, now)) state_.must_close = true;
    finish_without_response(index, missing_response_error(pending), {}, now);
  }
}

// The first transaction that may be sent now. `wake` is lowered to the time of the next attempt.
std::optional<Send> Conversation::next_send(SteadyTime now, SteadyTime& wake) {
  if (state_.queue.empty()) quiet_deadline_.reset();  // the transaction that waited for silence has gone
  for (std::size_t index = 0; index < state_.queue.size();) {
    const std::size_t before = state_.queue.size();
    if (auto send = try_start(index, now, wake)) return send;
    if (state_.queue.size() == before) ++index;
  }
  return std::nullopt;
}

std::optional<Send> Conversation::try_start(std::size_t index, SteadyTime now, SteadyTime& wake) {
  const Transaction& transaction = state_.queue[index].transaction;
  if (!can_start(transaction)) return std::nullopt;
  ReadRequest request = transaction.request;
  bool must_agree = false;
  bool may_be_copy = false;
  if (uses_distinct_counts(transaction, now)) {
    const DistinctCounts::Choice choice = choose(state_.queue[index], now);
    if (!choice.request) {
      finish_unsent(index, Error::indistinguishable);
      return std::nullopt;
    }
    if (choice.not_before - now > transaction.hold_max) {
      finish_unsent(index, Error::not_repeated);
      return std::nullopt;
    }
    if (choice.not_before > now) {
      wake = std::min(wake, choice.not_before);
      return std::nullopt;
    }
    request = *choice.request;
    must_agree = choice.must_agree || tcp_.must_agree(now);
    may_be_copy = would_repeat_unconfirmed(state_.queue[index], request, now);
    if (may_be_copy && now < state_.queue[index].unconfirmed_at + wait_for_other_requests_max) {
      wake = std::min(wake, now + look_again_after);
      return std::nullopt;
    }
  }
  if (!is_quiet(transaction, now, wake)) return std::nullopt;
  Send send = start(index, request, must_agree, now);
  state_.pending.back().may_be_copy = may_be_copy;
  return send;
}

// Whether a gateway that was out of step may return a copy of the unconfirmed response: `request` repeats the
// read of a single register, and too few other requests were between the two to reveal that it still is.
bool Conversation::would_repeat_unconfirmed(const QueuedTransaction& queued, const ReadRequest& request,
                                            SteadyTime now) {
  return !queued.unconfirmed.empty() && !is_serial(queued.transaction) && tcp_.must_agree(now) &&
         queued.transaction.request.size() == 1 &&
         queued.unconfirmed_request.response_head() == request.response_head() &&
         counts_of(queued.transaction).is_recent(request);
}

void Conversation::finish_unsent(std::size_t index, error_code error) {
  const QueuedTransaction& queued = state_.queue[index];
  state_.reports.push_back(Report{queued.handler, {.request = queued.transaction.request, .error = error}});
  state_.queue.erase(state_.queue.begin() + static_cast<std::ptrdiff_t>(index));
}

// The request for a transaction whose response needs its own count: all wanted registers, or a part that
// confirms a response.
DistinctCounts::Choice Conversation::choose(const QueuedTransaction& queued, SteadyTime now) {
  const Transaction& transaction = queued.transaction;
  if (queued.exception_unconfirmed || queued.unconfirmed.size() == transaction.request.byte_count()) {
    if (const auto part = counts_of(transaction).choose_part(transaction.request, now)) return {part, now};
  }
  return counts_of(transaction).choose(transaction.request, transaction.extension, now, tcp_.rotation(now));
}

bool Conversation::can_start(const Transaction& transaction) const {
  if (state_.pending.empty()) return true;
  // A gateway has one serial line behind it.
  return !is_serial(transaction) && !state_.is_serial_line && !tcp_.is_gateway() &&
         state_.pending.size() < transaction.requests_in_flight;
}

// Whether the line has been silent for the request gap, no other master waits for a response, and the peer is
// not about to close the connection. A line that is never silent is used anyway after the timeout.
bool Conversation::is_quiet(const Transaction& transaction, SteadyTime now, SteadyTime& wake) {
  if (const SteadyTime close = state_.close_after_responses.wait_until();
      state_.pending.empty() && close > now) {
    wake = std::min(wake, close);
    return false;
  }
  SteadyTime quiet_at = state_.pending.empty() ? state_.last_byte_at + transaction.request_gap : now;
  for (const auto& [handler, delay] : connect_delays_)
    quiet_at = std::max(quiet_at, state_.reopening.opened_at() + delay);
  if (is_serial(transaction))
    quiet_at = std::max({quiet_at, rtu_.foreign_exchange_until(), rtu_.silence_at().value_or(quiet_at)});
  if (quiet_at <= now) return true;
  if (!quiet_deadline_) {
    quiet_deadline_ = std::max(now, connect_delays_.empty() ? now : quiet_at) + transaction.timeout;
  }
  if (*quiet_deadline_ <= now) return true;
  wake = std::min({wake, quiet_at, *quiet_deadline_});
  return false;
}

Send Conversation::start(std::size_t index, const ReadRequest& request, bool must_agree, SteadyTime now) {
  const auto place = state_.queue.begin() + static_cast<std::ptrdiff_t>(index);
  PendingRequest started{
      .queued = std::move(*place), .request = request, .sent_at = now, .must_agree = must_agree};
  state_.queue.erase(place);
  for (QueuedTransaction& other : state_.queue) {
    if (other.handler == started.queued.handler && other.round > 0) --other.round;
  }
  const Transaction& transaction = started.queued.transaction;
  state_.is_serial_line = is_serial(transaction);
  started.deadline = now + response_timeout(transaction);
  const Send send = state_.is_serial_line ? rtu_.start(request, now) : tcp_.start(started);
  started.has_own_count = uses_distinct_counts(transaction, now);
  if (started.has_own_count) counts_of(transaction).sent(transaction.request, request, now);
  ++state_.unit(request.unit_id).requests;
  state_.close_after_responses.sent(now);
  sent_at_ = now;
  state_.last_byte_at = now;
  quiet_deadline_.reset();
  if (state_.pending.empty()) state_.busy.begin(now);
  state_.pending.push_back(std::move(started));
  return send;
}

milliseconds Conversation::response_timeout(const Transaction& transaction) const {
  return is_serial(transaction) ? rtu_.response_timeout(transaction) : transaction.timeout;
}

milliseconds Conversation::settling_time(milliseconds request_gap, SteadyTime now) const {
  if (!state_.is_serial_line) return milliseconds{0};
  const milliseconds since_sent = std::chrono::floor<milliseconds>(now - sent_at_);
  const milliseconds least = shared(now) ? settling_when_shared : request_gap;
  return std::max({request_gap, least, serial_response_time_max - since_sent});
}

void Conversation::finish_without_response(std::size_t index, error_code error, error_code cause,
                                           SteadyTime now) {
  if (is_serial(state_.pending[index].queued.transaction)) {
    rtu_.finish_without_response(error, cause, now);
  } else {
    tcp_.finish_without_response(index, error, cause, now);
  }
}

DistinctCounts& Conversation::counts_of(const Transaction& transaction) {
  return is_serial(transaction) ? rtu_.counts() : tcp_.counts();
}

UnitCounters Conversation::sum_of_units() const {
  UnitCounters sum;
  for (const auto& [id, unit] : state_.units) sum += unit;
  return sum;
}

}  // namespace gensetd::link
