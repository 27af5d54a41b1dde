#include "link/rtu_conversation.hpp"

#include "modbus/error.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::link {
namespace {

using boost::system::error_code;
using modbus::Mismatch;
using modbus::RtuFrame;
using std::chrono::milliseconds;

// A converter packs bytes for up to 50 ms (field notes, 2). A longer pause is not inside a frame.
constexpr milliseconds pause_within_frame_max{150};

// From another master's request to the end of its response, if that does not arrive (field notes, 2).
constexpr milliseconds foreign_exchange_max{250};

}  // namespace

std::optional<SteadyTime> RtuConversation::silence_at() const {
  if (!state_.is_serial_line) return std::nullopt;
  const bool is_damaged = !state_.pending.empty() && state_.pending.front().mismatch == Mismatch::broken;
  if (state_.received.empty() && !is_damaged && !run_is_undecided_) return std::nullopt;
  return state_.last_byte_at + pause_within_frame_max;
}

void RtuConversation::process_received(bool silent, SteadyTime now) {
  while (!state_.received.empty() && state_.reports.empty()) {
    const PendingRequest* pending = state_.pending.empty() ? nullptr : &state_.pending.front();
    if (pending != nullptr && modbus::is_tcp_response(pending->request, state_.received)) {
      state_.line.garbage_bytes += state_.received.size();
      state_.received.clear();
      judge_.finish_without_response(modbus::ResponseError::wrong_protocol, {}, now);
      return;
    }
    const modbus::RtuParse parsed = modbus::parse_rtu(state_.received, silent);
    if (const auto* frame = std::get_if<RtuFrame>(&parsed)) {
      const std::size_t length = frame->length;
      handle_frame(*frame, now);
      state_.discard(length);
      continue;
    }
    if (discard_known_stray_bytes()) return;
    handle_following_bytes(now);
    if (std::holds_alternative<modbus::Incomplete>(parsed)) return;
    if (pending != nullptr && modbus::begins_rtu_response(pending->request, state_.received)) {
      ++state_.unit(pending->request.unit_id).broken_frames;
      state_.record_mismatch(Mismatch::broken);
      run_is_rest_ = true;
    } else {
      handle_stray_byte(now);
    }
    ++state_.line.garbage_bytes;
    state_.discard(1);
  }
  if (silent && state_.reports.empty()) end_undecided_run(now);
  // Our response arrived damaged: end the request now rather than at its deadline.
  const bool is_damaged = !state_.pending.empty() && state_.pending.front().mismatch == Mismatch::broken;
  if (silent && is_damaged && state_.reports.empty())
    judge_.finish_without_response(modbus::ResponseError::damaged_response, {}, now);
}

Send RtuConversation::start(const modbus::ReadRequest& request, SteadyTime now) {
  Send send;
  std::ranges::copy(modbus::encode_rtu(request), send.bytes.begin());
  send.length = modbus::rtu_request_length;
  send.at_once = true;
  // On a line that is never silent, these are the rest of earlier traffic.
  if (!state_.received.empty()) judge_.stray_bytes_received(now);
  state_.received.clear();
  begin_run(StrayBytes::Position::before, now);
  return send;
}

void RtuConversation::closed(SteadyTime now) {
  run_.clear();
  run_is_rest_ = run_is_undecided_ = false;
  run_position_ = StrayBytes::Position::before;
  judge_.connection_closed(now);
}

milliseconds RtuConversation::response_timeout(const Transaction& transaction) const {
  if (!transaction.repeatable) return transaction.timeout;
  const auto known = response_times_.find(transaction.request.unit_id);
  return known == response_times_.end() ? transaction.timeout : known->second.expected(transaction.timeout);
}

void RtuConversation::handle_frame(const RtuFrame& frame, SteadyTime now) {
  const bool is_response = frame.kind == RtuFrame::Kind::response || frame.kind == RtuFrame::Kind::exception;
  if (is_response && frame.unit_id == foreign_exchange_unit_) foreign_exchange_until_ = now;
  switch (frame.kind) {
    case RtuFrame::Kind::response:
      if (!handle_response(frame, now)) handle_unexpected_response(frame, now);
      break;
    case RtuFrame::Kind::exception:
      if (judge_.judge_exception(frame, now)) break;
      if (judge_.counts().may_still_respond(frame.unit_id, static_cast<modbus::Function>(frame.function),
                                            now)) {
        ++state_.unit(frame.unit_id).late_responses;
      } else {
        record_foreign_frame(frame, now);
      }
      break;
    case RtuFrame::Kind::request:
      handle_foreign_request(frame, now);
      break;
    case RtuFrame::Kind::other:
      record_foreign_frame(frame, now);
  }
}

bool RtuConversation::handle_response(const RtuFrame& frame, SteadyTime now) {
  if (!judge_.belongs(frame)) return false;
  ++state_.unit(frame.unit_id).responses;
  state_.note_response(now);
  if (!run_is_rest_ && run_position_ == StrayBytes::Position::before)
    learned_stray_bytes().record(run_position_, run_);
  begin_run(StrayBytes::Position::behind, now);
  response_times_[frame.unit_id].record(now - state_.pending.front().sent_at);
  judge_.judge_response(frame, stray_bytes_ && stray_bytes_->are_frequent(), now);
  return true;
}

void RtuConversation::handle_unexpected_response(const RtuFrame& frame, SteadyTime now) {
  switch (judge_.judge_unexpected(frame, now)) {
    case UnexpectedResponse::late: {
      ++state_.unit(frame.unit_id).late_responses;
      const auto latency = judge_.counts().age(frame.response_head(), now);
      if (latency.count() > 0) response_times_[frame.unit_id].record(latency);
      state_.record_late_response(frame.unit_id, latency, now);
      break;
    }
    case UnexpectedResponse::doubled:
      ++state_.unit(frame.unit_id).doubled_responses;
      break;
    case UnexpectedResponse::foreign:
      record_foreign_frame(frame, now);
  }
}

void RtuConversation::handle_foreign_request(const RtuFrame& frame, SteadyTime now) {
  PendingRequest* pending = state_.pending.empty() ? nullptr : &state_.pending.front();
  const bool same_response_head =
      pending != nullptr && frame.response_head() == pending->request.response_head();
  // A converter may echo what it sends. Otherwise another master requests the same registers now: either
  // response is right.
  if (same_response_head && frame.first == pending->request.first && frame.count == pending->request.count) {
    pending->has_foreign_twin = pending->is_echoed || !state_.last_was_echoed;
    pending->is_echoed = true;
    return;
  }
  judge_.counts().record_foreign_request(frame.response_head(), now);
  record_foreign_frame(frame, now);
  foreign_exchange_unit_ = frame.unit_id;
  foreign_exchange_until_ = now + foreign_exchange_max;
  // Two responses with this unit id, function and size could not be distinguished.
  if (same_response_head) judge_.finish_without_response(modbus::ResponseError::foreign_response, {}, now);
}

void RtuConversation::record_foreign_frame(const RtuFrame& frame, SteadyTime now) {
  ++state_.unit(frame.unit_id).foreign_frames;
  state_.shared_until = now + DistinctCounts::foreign_memory;
  last_foreign_at_ = now;
  last_foreign_ = frame;
  last_foreign_.data = {};
  if (state_.pending.empty()) return;
  PendingRequest& pending = state_.pending.front();
  if (frame.unit_id == pending.request.unit_id) {
    state_.record_mismatch(Mismatch::byte_count);
    if (frame.kind == RtuFrame::Kind::response) pending.other_count = frame.count;
  } else {
    state_.record_mismatch(Mismatch::unit_id);
    if (frame.kind == RtuFrame::Kind::response) pending.other_unit = frame.unit_id;
  }
}

// Bytes from here on stand at this position of a response.
void RtuConversation::begin_run(StrayBytes::Position position, SteadyTime now) {
  end_undecided_run(now);
  if (run_position_ == StrayBytes::Position::behind && !run_is_rest_)
    learned_stray_bytes().record(run_position_, run_);
  run_.clear();
  run_is_rest_ = false;
  run_position_ = position;
}

// The first received byte belongs to no frame. If it is usual on this line, it is no evidence.
void RtuConversation::handle_stray_byte(SteadyTime now) {
  if (!run_is_rest_ && run_.size() <= StrayBytes::run_max) {
    run_.push_back(state_.received.front());
    run_is_undecided_ = false;
    if (!may_be_torn(run_.front()) && learned_stray_bytes().may_become_usual(run_position_, run_)) {
      run_is_undecided_ = !learned_stray_bytes().is_usual(run_position_, run_);
      return;
    }
  }
  state_.record_mismatch(Mismatch::garbage);
  judge_.stray_bytes_received(now);
}

// A run that could have become a usual one is complete, and did not.
void RtuConversation::end_undecided_run(SteadyTime now) {
  if (!std::exchange(run_is_undecided_, false)) return;
  state_.record_mismatch(Mismatch::garbage);
  judge_.suspect_last_response(now);
}

// Exactly the usual bytes behind a response are discarded at once, without waiting for silence.
bool RtuConversation::discard_known_stray_bytes() {
  if (!state_.pending.empty() || run_position_ != StrayBytes::Position::behind || run_is_rest_ ||
      run_.size() + state_.received.size() > StrayBytes::run_max)
    return false;
  std::vector<std::uint8_t> run = run_;
  run.insert(run.end(), state_.received.begin(), state_.received.end());
  if (may_be_torn(run.front()) || !learned_stray_bytes().is_known(run_position_, run)) return false;
  state_.line.garbage_bytes += state_.received.size();
  run_ = std::move(run);
  run_is_undecided_ = false;
  state_.received.clear();
  return true;
}

// The received bytes begin no complete frame. Unless they are usual, they are evidence against a response
// that they follow without a pause.
void RtuConversation::handle_following_bytes(SteadyTime now) {
  if (run_position_ == StrayBytes::Position::behind && !run_is_rest_ &&
      run_.size() + state_.received.size() <= StrayBytes::run_max) {
    std::vector<std::uint8_t> run = run_;
    run.insert(run.end(), state_.received.begin(), state_.received.end());
    if (!may_be_torn(run.front()) && learned_stray_bytes().may_become_usual(run_position_, run)) return;
  }
  judge_.bytes_followed(now);
}

// Whether bytes that begin with this one may be a torn response: it is the unit id of a polled controller.
bool RtuConversation::may_be_torn(std::uint8_t first_byte) const {
  const auto known = state_.units.find(first_byte);
  return known != state_.units.end() && known->second.requests > 0;
}

StrayBytes& RtuConversation::learned_stray_bytes() {
  if (!stray_bytes_) stray_bytes_ = std::make_unique<StrayBytes>();
  return *stray_bytes_;
}

}  // namespace gensetd::link
