#include "link/rtu_response_judge.hpp"

#include "link/response_check.hpp"
#include "link/retry_policy.hpp"
#include "modbus/error.hpp"

#include <algorithm>
#include <ranges>

namespace gensetd::link {
namespace {

using boost::system::error_code;
using modbus::begins_rtu_response;
using modbus::Mismatch;
using modbus::RtuFrame;
using std::chrono::seconds;

// How long an accepted response can become suspect, and how many are remembered.
constexpr seconds suspicion_max{2};
constexpr std::size_t accepted_max = 16;

// How long a suspect response can prove the next one.
constexpr seconds suspect_memory{5};

}  // namespace

bool RtuResponseJudge::belongs(const RtuFrame& frame) const {
  if (state_.pending.empty()) return false;
  const PendingRequest& pending = state_.pending.front();
  return frame.response_head() == pending.request.response_head() &&
         modbus::has_clear_padding(pending.request.function, pending.request.count, frame.data);
}

void RtuResponseJudge::judge_response(const RtuFrame& frame, bool stray_bytes_are_frequent, SteadyTime now) {
  PendingRequest& pending = state_.pending.front();
  const modbus::ReadRequest wanted = pending.queued.transaction.request;
  pending.queued.exception_unconfirmed = false;
  const bool is_part = pending.request.count < wanted.count;
  auto registers = is_part ? frame.data : wanted_of(wanted, pending.request, frame.data);
  const std::size_t fingerprint = fingerprint_of(frame.data);
  if (!state_.is_acceptable(pending, fingerprint, registers, counts_, now)) {
    if (pending.must_agree && pending.queued.confirmations > confirmations_max)
      return finish_without_response(modbus::ResponseError::foreign_response, {}, now);
    ++state_.unit(frame.unit_id).confirmations;
    counts_.unconfirmed_response(wanted, pending.request, frame.crc, now);
    return state_.request_again(0, now);
  }
  counts_.accepted(wanted, pending.request, frame.crc, now);
  if (pending.has_foreign_twin) counts_.unconfirmed_response(wanted, pending.request, frame.crc, now);
  if (is_part) registers = pending.queued.unconfirmed;
  state_.values.remember(wanted, registers);
  std::ranges::copy(registers, state_.registers.begin());
  Outcome outcome;
  outcome.registers = std::span<const std::uint8_t>(state_.registers).first(registers.size());
  std::erase_if(accepted_, [&](const AcceptedResponse& entry) { return entry.at + suspicion_max <= now; });
  if (accepted_.size() == accepted_max) accepted_.erase(accepted_.begin());
  if (pending.queued.handler != nullptr) {
    AcceptedResponse accepted{.handler = pending.queued.handler,
                              .wanted = wanted,
                              .request = pending.request,
                              .fingerprint = fingerprint,
                              .registers = RegisterBytes(registers.begin(), registers.end()),
                              .sent_at = pending.sent_at,
                              .at = now};
    accepted.proven = agrees_with_suspect(accepted, stray_bytes_are_frequent, now);
    accepted_.push_back(std::move(accepted));
  }
  state_.finish(0, outcome, now);
}

bool RtuResponseJudge::judge_exception(const RtuFrame& frame, SteadyTime now) {
  if (state_.pending.empty()) return false;
  PendingRequest& pending = state_.pending.front();
  const modbus::Function function = pending.request.function;
  if (frame.unit_id != pending.request.unit_id || frame.function != modbus::code_of(function)) return false;
  state_.note_response(now);
  if (counts_.may_still_respond(frame.unit_id, function, now) || state_.is_shared(now)) {
    pending.exception = frame.exception;
    return true;
  }
  if (counts_.refused(pending.queued.transaction.request, pending.request, frame.exception, now)) {
    ++state_.unit(frame.unit_id).confirmations;
    pending.queued.exception_unconfirmed = true;
    state_.request_again(0, now);
    return true;
  }
  ++state_.unit(frame.unit_id).exceptions;
  state_.finish(0, {.error = modbus::ResponseError::exception_response, .exception = frame.exception}, now);
  return true;
}

UnexpectedResponse RtuResponseJudge::judge_unexpected(const RtuFrame& frame, SteadyTime now) {
  other_traffic_until_ = now + DistinctCounts::foreign_memory;
  const std::size_t fingerprint = fingerprint_of(frame.data);
  const auto accepted = std::ranges::find_if(std::views::reverse(accepted_), [&](const auto& entry) {
    return entry.request.response_head() == frame.response_head() && now < entry.at + suspicion_max;
  });
  // One of the two responses is ours, and nothing shows which. The same holds for an unconfirmed response.
  // But a copy of an unconfirmed response is no evidence against an older one.
  bool is_copy = false;
  state_.forget_unconfirmed([&](const QueuedTransaction& queued) {
    if (queued.unconfirmed_request.response_head() != frame.response_head()) return false;
    is_copy = is_copy || queued.unconfirmed_fingerprint == fingerprint;
    return queued.unconfirmed_fingerprint != fingerprint;
  });
  if (!is_copy && accepted != std::views::reverse(accepted_).end() && accepted->fingerprint != fingerprint)
    suspect(std::next(accepted).base(), now);
  return counts_.classify_unexpected(frame.response_head(), frame.crc, now);
}

// The response may be a longer or shorter one that was damaged and has a valid CRC by chance.
void RtuResponseJudge::bytes_followed(SteadyTime now) {
  if (!accepted_.empty() && accepted_.back().at == state_.last_byte_at && !accepted_.back().proven)
    suspect(std::prev(accepted_.end()), now);
  state_.forget_unconfirmed(
      [&](const QueuedTransaction& queued) { return queued.unconfirmed_at == state_.last_byte_at; });
}

// The stray bytes may be our response, damaged or torn, to a read for which another master's response was
// accepted: to the read whose response begins like these bytes, or to the last read, for as long as its
// response may take. Reads with an unconfirmed response start again.
void RtuResponseJudge::stray_bytes_received(SteadyTime now) {
  state_.forget_unconfirmed([&](const QueuedTransaction& queued) {
    return begins_rtu_response(queued.unconfirmed_request, state_.received);
  });
  const auto has_head = [&](const AcceptedResponse& entry) {
    return begins_rtu_response(entry.request, state_.received) && now < entry.at + suspicion_max;
  };
  const auto newest_first = std::views::reverse(accepted_);
  const auto headed = std::ranges::find_if(newest_first, has_head);
  const bool is_last_headed = headed == newest_first.begin() && headed != newest_first.end();
  if (headed != newest_first.end() && !headed->proven) {
    if (is_last_headed) suspected_for_ = state_.last_byte_at;
    suspect(std::next(headed).base(), now);
  }
  if (!is_last_headed) suspect_last_response(now);
}

void RtuResponseJudge::suspect_last_response(SteadyTime now) {
  state_.forget_unconfirmed([&](const QueuedTransaction& queued) {
    return state_.received_since < queued.unconfirmed_at + serial_response_time_max;
  });
  const bool is_rest_of_damaged =
      !state_.pending.empty() && state_.pending.front().mismatch == Mismatch::broken;
  // The head of an older response may match by chance: 02 03 and another 02 03 .. behind it look like the
  // response of unit 2 with one register.
  const bool may_be_last = !is_rest_of_damaged && suspected_for_ != state_.last_byte_at &&
                           !accepted_.empty() && !accepted_.back().proven &&
                           state_.received_since < accepted_.back().sent_at + serial_response_time_max;
  if (!may_be_last) return;
  suspected_for_ = state_.last_byte_at;
  suspect(std::prev(accepted_.end()), now);
}

// The connection may have ended before our response arrived, behind another client's response that was
// accepted for it. Without other traffic, the accepted response is ours: many converters close the connection
// after each response (field notes, 25).
void RtuResponseJudge::connection_closed(SteadyTime now) {
  if (!state_.is_shared(now) && now >= other_traffic_until_) return;
  state_.forget_unconfirmed([&](const QueuedTransaction& queued) {
    return now < queued.unconfirmed_at + serial_response_time_max;
  });
  for (auto index = accepted_.size(); index-- > 0;) {
    const auto entry = accepted_.begin() + static_cast<std::ptrdiff_t>(index);
    if (now < entry->sent_at + serial_response_time_max) suspect(entry, now);
  }
}

void RtuResponseJudge::finish_without_response(error_code error, error_code cause, SteadyTime now) {
  const PendingRequest& pending = state_.pending.front();
  counts_.no_response(pending.queued.transaction.request, pending.request, now);
  state_.finish_with_error(0, error, cause, now);
}

void RtuResponseJudge::accept_exception(std::size_t index, SteadyTime now) {
  const PendingRequest& pending = state_.pending[index];
  const Outcome outcome{.error = modbus::ResponseError::exception_response, .exception = *pending.exception};
  ++state_.unit(pending.request.unit_id).exceptions;
  counts_.no_response(pending.queued.transaction.request, pending.request, now);
  state_.finish(index, outcome, now);
}

void RtuResponseJudge::withdraw(const TransactionHandler& handler) {
  std::erase_if(accepted_, [&](const AcceptedResponse& entry) { return entry.handler == &handler; });
  std::erase_if(suspects_, [&](const SuspectResponse& entry) { return entry.handler == &handler; });
}

// Where stray bytes are frequent, they are no evidence against a response whose registers agree with a
// suspect one of another count. Elsewhere stray bytes are more often the rest of a damaged response.
bool RtuResponseJudge::agrees_with_suspect(const AcceptedResponse& accepted, bool stray_bytes_are_frequent,
                                           SteadyTime now) {
  std::erase_if(suspects_, [&](const SuspectResponse& entry) { return entry.at + suspect_memory <= now; });
  return stray_bytes_are_frequent && std::ranges::any_of(suspects_, [&](const SuspectResponse& entry) {
           return entry.handler == accepted.handler && entry.wanted == accepted.wanted &&
                  entry.count != accepted.request.count &&
                  agree(entry.wanted, entry.registers, accepted.registers);
         });
}

void RtuResponseJudge::suspect(std::vector<AcceptedResponse>::const_iterator accepted, SteadyTime now) {
  other_traffic_until_ = now + DistinctCounts::foreign_memory;
  if (suspects_.size() == accepted_max) suspects_.erase(suspects_.begin());
  suspects_.push_back({.handler = accepted->handler,
                       .wanted = accepted->wanted,
                       .count = accepted->request.count,
                       .registers = accepted->registers,
                       .at = now});
  ++state_.unit(accepted->request.unit_id).suspect_responses;
  state_.reports.push_back(ReportSuspect{accepted->handler, accepted->wanted});
  accepted_.erase(accepted);
}

}  // namespace gensetd::link
