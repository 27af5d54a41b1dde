#include "link/tcp_conversation.hpp"

#include "link/error.hpp"
#include "link/response_check.hpp"
#include "link/retry_policy.hpp"
#include "modbus/error.hpp"

#include <algorithm>

namespace gensetd::link {
namespace {

using boost::system::error_code;
using modbus::Mismatch;
using modbus::TcpFrame;

// How many ended requests are remembered by transaction id, to recognise their late responses.
constexpr std::size_t abandoned_max = 8;

// A frame whose transaction id is at most so many before the last one is a copy of an accepted response.
constexpr std::uint16_t copies_behind_max = 16;

// A gateway that was out of step may get out of step again, and may then return the response to another
// client's request, of whatever length. For this long, two responses with different counts must agree.
constexpr std::chrono::hours out_of_step_memory{1};

}  // namespace

// A frame is compared with a request only if that request is pending and has the frame's transaction id.
void TcpConversation::process_received(SteadyTime now) {
  while (!state_.received.empty() && state_.reports.empty() && !state_.must_close) {
    const auto& received = state_.received;
    auto& pending = state_.pending;
    const auto has_id = [&](const PendingRequest& request) {
      return received.size() >= 2 && received[0] == request.transaction_id >> 8 &&
             received[1] == (request.transaction_id & 0xFF);
    };
    const auto place = std::ranges::find_if(pending, has_id);
    const auto index = static_cast<std::size_t>(place - pending.begin());
    if (place != pending.end()) {
      const auto parsed = modbus::parse_tcp_response(place->request, place->transaction_id, received);
      if (const auto* response = std::get_if<modbus::Response>(&parsed)) {
        handle_response(index, *response, now);
        continue;
      }
      if (const auto* refusal = std::get_if<modbus::Refused>(&parsed)) {
        handle_exception(index, *refusal, now);
        continue;
      }
    }
    const modbus::TcpParse parsed = modbus::parse_tcp(received);
    if (const auto* frame = std::get_if<TcpFrame>(&parsed)) {
      const std::size_t length = frame->length;
      if (place == pending.end()) {
        handle_unexpected_frame(*frame, now);
      } else {
        handle_out_of_step(index, *frame, now);
      }
      state_.discard(length);
      continue;
    }
    // The bytes of an RTU response may be fewer than an MBAP header.
    const auto is_rtu_response = [&](const PendingRequest& request) {
      const auto response = modbus::parse_tcp_response(request.request, request.transaction_id, received);
      const auto* mismatched = std::get_if<modbus::Mismatched>(&response);
      return mismatched != nullptr && mismatched->why == Mismatch::other_protocol;
    };
    const auto rtu = std::ranges::find_if(pending, is_rtu_response);
    if (rtu == pending.end() && std::holds_alternative<modbus::Incomplete>(parsed)) return;
    state_.line.garbage_bytes += received.size();
    state_.received.clear();
    if (rtu == pending.end()) {
      state_.record_mismatch(Mismatch::garbage);
    } else {
      finish_without_response(static_cast<std::size_t>(rtu - pending.begin()),
                              modbus::ResponseError::wrong_protocol, {}, now);
    }
  }
}

void TcpConversation::submitted(std::uint8_t unit_id) {
  if (is_gateway_) return;
  submitted_units_.set(unit_id);
  is_gateway_ = submitted_units_.count() > 1;
}

Send TcpConversation::start(PendingRequest& request) {
  Send send;
  request.transaction_id = ++transaction_id_;
  recent_requests_[request_count_++ % recent_requests_.size()] = request.request;
  send.bytes = modbus::encode_tcp(request.request, request.transaction_id);
  send.length = modbus::tcp_request_length;
  if (state_.pending.empty()) state_.received.clear();
  return send;
}

void TcpConversation::opened(std::optional<std::uint16_t> first_transaction_id) {
  if (!first_transaction_id) return;
  transaction_id_ = static_cast<std::uint16_t>(*first_transaction_id - 1);
  abandoned_.clear();
}

void TcpConversation::finish_without_response(std::size_t index, error_code error, error_code cause,
                                              SteadyTime now) {
  const PendingRequest& pending = state_.pending[index];
  // The response to a request of a connection that has ended does not arrive on the next one, except through
  // a gateway.
  const bool may_still_arrive = error != Error::connection_lost;
  if (may_still_arrive) {
    distinguish_responses(now);
    remember_abandoned(pending);
  }
  // If the response to an earlier request arrived instead, the next requests have other counts anyway.
  const bool is_out_of_step =
      error == modbus::ResponseError::wrong_length || error == modbus::ResponseError::foreign_response;
  const bool has_no_response = may_still_arrive ? !is_out_of_step : is_gateway_;
  if (has_no_response) counts().no_response(pending.queued.transaction.request, pending.request, now);
  state_.finish_with_error(index, error, cause, now);
}

// Behind a gateway that was out of step, more counts rotate: when it gets out of step again, requests
// follow each other fast. Where responses are only lost, longer reads would fail at controllers that do not
// respond to registers they do not know (field notes, 8).
std::uint16_t TcpConversation::rotation(SteadyTime now) const {
  if (!is_gateway_) return 1;
  return now < out_of_step_until_ ? modbus::registers_per_request_max : DistinctCounts::rotation_of_gateway;
}

DistinctCounts& TcpConversation::counts() {
  if (counts_) return *counts_;
  counts_ = std::make_unique<DistinctCounts>(DistinctCounts::Scope::connection);
  // The responses to earlier requests must be distinguished too.
  const std::uint64_t known = std::min<std::uint64_t>(request_count_, recent_requests_.size());
  for (std::uint64_t number = request_count_ - known; number < request_count_; ++number) {
    const modbus::ReadRequest& request = recent_requests_[number % recent_requests_.size()];
    counts_->sent(request, request, SteadyTime{});
  }
  return *counts_;
}

void TcpConversation::handle_response(std::size_t index, const modbus::Response& response, SteadyTime now) {
  PendingRequest& pending = state_.pending[index];
  const modbus::ReadRequest wanted = pending.queued.transaction.request;
  ++state_.unit(pending.request.unit_id).responses;
  state_.note_response(now);
  Outcome outcome;
  if (!pending.has_own_count) {
    std::ranges::copy(response.data, state_.registers.begin());
    outcome.registers = std::span<const std::uint8_t>(state_.registers).first(response.data.size());
    state_.discard(response.length);
    return state_.finish(index, outcome, now);
  }
  pending.queued.exception_unconfirmed = false;
  const bool is_part = pending.request.count < wanted.count;
  auto registers = is_part ? response.data : wanted_of(wanted, pending.request, response.data);
  const std::size_t fingerprint = fingerprint_of(response.data);
  const auto crc = static_cast<std::uint16_t>(fingerprint);
  if (is_gateway_ && !state_.is_acceptable(pending, fingerprint, registers, counts(), now)) {
    state_.discard(response.length);
    if (pending.must_agree && pending.queued.confirmations > confirmations_max)
      return finish_without_response(index, modbus::ResponseError::foreign_response, {}, now);
    ++state_.unit(pending.request.unit_id).confirmations;
    counts().unconfirmed_response(wanted, pending.request, crc, now);
    return state_.request_again(index, now);
  }
  counts().accepted(wanted, pending.request, crc, now);
  if (is_part) registers = pending.queued.unconfirmed;
  if (is_gateway_) state_.values.remember(wanted, registers);
  std::ranges::copy(registers, state_.registers.begin());
  outcome.registers = std::span<const std::uint8_t>(state_.registers).first(registers.size());
  state_.discard(response.length);
  state_.finish(index, outcome, now);
}

void TcpConversation::handle_exception(std::size_t index, const modbus::Refused& refusal, SteadyTime now) {
  PendingRequest& pending = state_.pending[index];
  const std::uint8_t exception = refusal.exception;
  state_.note_response(now);
  state_.discard(refusal.length);
  // The gateway does not wait for the unit any longer, but the unit's response may still arrive.
  if (may_respond_after_exception(exception)) {
    distinguish_responses(now);
    counts().no_response(pending.queued.transaction.request, pending.request, now);
  } else if (may_concern_other_request(pending) &&
             counts().refused(pending.queued.transaction.request, pending.request, exception, now)) {
    ++state_.unit(pending.request.unit_id).confirmations;
    pending.queued.exception_unconfirmed = is_gateway_;
    return state_.request_again(index, now);
  }
  ++state_.unit(pending.request.unit_id).exceptions;
  state_.finish(index, {.error = modbus::ResponseError::exception_response, .exception = exception}, now);
}

// A frame with a transaction id that no pending request has.
void TcpConversation::handle_unexpected_frame(const TcpFrame& frame, SteadyTime now) {
  const auto late = std::ranges::find_if(abandoned_, [&](const AbandonedRequest& entry) {
    return entry.transaction_id == frame.transaction_id;
  });
  if (late != abandoned_.end()) {
    ++state_.unit(late->unit_id).late_responses;
    state_.record_late_response(late->unit_id, now - late->sent_at, now);
    abandoned_.erase(late);
    return;
  }
  const auto behind = static_cast<std::uint16_t>(transaction_id_ - frame.transaction_id);
  if (behind <= copies_behind_max) {
    ++state_.unit(frame.unit_id).doubled_responses;
    return;
  }
  ++state_.unit(frame.unit_id).foreign_frames;
  for (PendingRequest& pending : state_.pending) {
    const bool fits =
        frame.unit_id == pending.request.unit_id &&
        frame.function == modbus::code_of(pending.request.function) &&
        modbus::size_of(pending.request.function, frame.response_count()) == pending.request.size();
    if (fits) pending.other_transaction = frame.transaction_id;
  }
}

// A frame with the transaction id of a pending request that is no response to it: the gateway or the
// controller responds to an earlier request. Every other response on this connection may be wrong too, so all
// requests fail and the connection is reopened.
void TcpConversation::handle_out_of_step(std::size_t index, const TcpFrame& frame, SteadyTime now) {
  distinguish_responses(now);
  out_of_step_until_ = now + out_of_step_memory;
  PendingRequest& pending = state_.pending[index];
  ++state_.unit(frame.unit_id).foreign_frames;
  modbus::ResponseError error = modbus::ResponseError::foreign_response;
  if (frame.unit_id != pending.request.unit_id) {
    pending.other_unit = frame.unit_id;
  } else if (frame.function == modbus::code_of(pending.request.function) && frame.response_count() != 0) {
    error = modbus::ResponseError::wrong_length;
    pending.other_count = frame.response_count();
  }
  state_.must_close = true;
  finish_without_response(index, error, {}, now);
  while (!state_.pending.empty())
    finish_without_response(0, modbus::ResponseError::foreign_response, {}, now);
}

// Whether an exception may not concern the wanted registers: it belongs to another request of a gateway, or
// it concerns the registers by which the read is longer.
bool TcpConversation::may_concern_other_request(const PendingRequest& pending) const {
  return pending.has_own_count &&
         (is_gateway_ || pending.request.count > pending.queued.transaction.request.count);
}

void TcpConversation::distinguish_responses(SteadyTime now) { distinguish_until_ = now + trouble_memory; }

void TcpConversation::remember_abandoned(const PendingRequest& pending) {
  if (abandoned_.size() == abandoned_max) abandoned_.erase(abandoned_.begin());
  abandoned_.push_back({pending.transaction_id, pending.request.unit_id, pending.sent_at});
}

}  // namespace gensetd::link
