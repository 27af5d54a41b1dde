#include "link/conversation_state.hpp"

#include "link/error.hpp"
#include "link/response_check.hpp"
#include "modbus/error.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace gensetd::link {
namespace {

template <class Entries, class IsGone>
void erase_if(Entries& entries, IsGone is_gone) {
  const auto gone = std::ranges::remove_if(entries, is_gone);
  entries.erase(gone.begin(), gone.end());
}

}  // namespace

using boost::system::error_code;
using modbus::Mismatch;
using std::chrono::milliseconds;

error_code missing_response_error(const PendingRequest& pending) {
  if (!pending.mismatch) {
    return pending.other_transaction ? error_code{modbus::ResponseError::wrong_transaction}
                                     : error_code{Error::no_response};
  }
  switch (*pending.mismatch) {
    case modbus::Mismatch::broken:
    case modbus::Mismatch::garbage:
      return modbus::ResponseError::damaged_response;
    case modbus::Mismatch::other_protocol:
      return modbus::ResponseError::wrong_protocol;
    default:
      return modbus::ResponseError::foreign_response;
  }
}

void ConversationState::enqueue(TransactionHandler& handler, const Transaction& transaction) {
  QueuedTransaction entry{.handler = &handler, .transaction = transaction};
  entry.round = static_cast<int>(std::ranges::count_if(
      queue, [&](const QueuedTransaction& other) { return other.handler == &handler; }));
  const auto place =
      std::ranges::find_if(queue, [&](const QueuedTransaction& other) { return other.round > entry.round; });
  queue.insert(place, std::move(entry));
}

void ConversationState::withdraw(const TransactionHandler& handler) {
  erase_if(queue, [&](const QueuedTransaction& entry) { return entry.handler == &handler; });
  erase_if(reports, [&](const Action& action) {
    const auto* report = std::get_if<Report>(&action);
    const auto* suspect = std::get_if<ReportSuspect>(&action);
    return (report != nullptr && report->handler == &handler) ||
           (suspect != nullptr && suspect->handler == &handler);
  });
  // A pending request stays: the line is not free until its response has arrived or can no longer arrive.
  for (PendingRequest& request : pending) {
    if (request.queued.handler == &handler) request.queued.handler = nullptr;
  }
}

std::optional<Action> ConversationState::next_report() {
  if (reports.empty()) return std::nullopt;
  const Action report = reports.front();
  reports.erase(reports.begin());
  return report;
}

void ConversationState::finish(std::size_t index, Outcome outcome, SteadyTime now) {
  assert(index < pending.size());
  if (index >= pending.size()) return;
  const auto place = pending.begin() + static_cast<std::ptrdiff_t>(index);
  outcome.request = place->queued.transaction.request;
  outcome.latency = now - place->sent_at;
  outcome.new_connection = reopening.is_new() && now - reopening.opened_at() <
                                                     new_connection_grace(place->queued.transaction.timeout);
  last_was_echoed = place->is_echoed;
  is_fresh = false;
  if (place->queued.handler != nullptr) reports.push_back(Report{place->queued.handler, outcome});
  remove_pending(index, now);
}

void ConversationState::finish_with_error(std::size_t index, error_code error, error_code cause,
                                          SteadyTime now) {
  const PendingRequest& request = pending[index];
  Outcome outcome{.error = error, .cause = cause, .observed = observations_of(request, now)};
  if (error == modbus::ResponseError::foreign_response) outcome.other_unit = request.other_unit;
  finish(index, outcome, now);
}

void ConversationState::request_again(std::size_t index, SteadyTime now) {
  PendingRequest request = std::move(pending[index]);
  remove_pending(index, now);
  is_fresh = false;
  if (request.queued.handler == nullptr) return;
  request.queued.round = 0;
  queue.insert(queue.begin(), std::move(request.queued));
}

void ConversationState::remove_pending(std::size_t index, SteadyTime now) {
  pending.erase(pending.begin() + static_cast<std::ptrdiff_t>(index));
  if (pending.empty()) busy.end(now);
}

bool ConversationState::is_acceptable(PendingRequest& request, std::size_t fingerprint,
                                      std::span<const std::uint8_t> bytes, DistinctCounts& counts,
                                      SteadyTime now) {
  switch (check_response(request, bytes, values)) {
    case ResponseCheck::accepted:
      return true;
    case ResponseCheck::confirmed:
      // On a shared line the earlier response may have been another master's, of the same registers. Then
      // ours may still arrive.
      if (!is_shared(now)) counts.confirmed(request.queued.unconfirmed_request, now);
      return true;
    case ResponseCheck::unconfirmed:
      remember_unconfirmed(request, fingerprint, bytes, now);
      return false;
  }
  return false;
}

void ConversationState::record_mismatch(Mismatch why) {
  for (PendingRequest& request : pending) {
    // The rest of a damaged frame is garbage too: do not overwrite the reason.
    if (why != Mismatch::garbage || !request.mismatch) request.mismatch = why;
  }
}

void ConversationState::record_late_response(std::uint8_t unit_id, std::chrono::nanoseconds latency,
                                             SteadyTime now) {
  if (latency.count() <= 0) return;
  late_[unit_id] = {.latency = std::chrono::ceil<milliseconds>(latency), .at = now};
}

void ConversationState::discard(std::size_t length) {
  length = std::min(length, received.size());
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(length));
}

Observations ConversationState::observations_of(const PendingRequest& request, SteadyTime now) const {
  Observations observed{.transaction_id = request.other_transaction,
                        .own_transaction_id = request.transaction_id,
                        .register_count = request.other_count,
                        .own_register_count = request.request.count};
  const auto waited = std::chrono::ceil<milliseconds>(request.deadline - request.sent_at);
  if (waited < request.queued.transaction.timeout) observed.waited = waited;
  const auto late = late_.find(request.request.unit_id);
  if (late != late_.end() && now - late->second.at < trouble_memory) observed.late = late->second.latency;
  return observed;
}

}  // namespace gensetd::link
