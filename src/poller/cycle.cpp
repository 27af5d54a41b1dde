#include "poller/cycle.hpp"

#include "link/error.hpp"
#include "link/retry_policy.hpp"
#include "profile/decode.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::poller {

using link::FollowUp;
using profile::PlannedRead;

Step Cycle::begin(bool is_responding) {
  is_responding_ = is_responding;
  probing_ = !is_responding && plan().front() != reads_->probe;
  states_.assign(probing_ ? 1 : plan().size(), State::pending);
  is_extra_retry_used_ = has_failed_request_ = has_time_ = responded_ = false;
  suspect_responses_ = 0;
  failed_request_.reset();
  last_failure_.reset();
  gateway_failure_.reset();
  unproven_split_.reset();
  proven_split_.reset();
  failure_.reset();
  refused_.clear();
  values_.assign(map().fields.size(), std::nullopt);
  return next_request();
}

Step Cycle::resume() { return next_request(); }

Step Cycle::next_request() {
  const auto index = next_pending();
  if (!index && gateway_failure_ && !responded_) return fail(*gateway_failure_);
  if (!index) return CycleFinished{};
  states_[*index] = State::requested;
  return SendRequest{.request = {.function = modbus::Function::holding_registers,
                                 .first = read_at(*index).first,
                                 .count = read_at(*index).count},
                     .repeatable = !is_extra_retry_used_};
}

std::optional<SendRequest> Cycle::next_ahead() {
  const bool is_undisturbed = is_responding_ && !probing_ && !has_failed_request_ && !unproven_split_ &&
                              !failed_request_ && suspect_responses_ == 0;
  if (!is_undisturbed || reads_->protocol != modbus::Protocol::tcp || !next_pending()) return std::nullopt;
  if (requests_in_flight() >= map().transport(reads_->protocol).requests_in_flight) return std::nullopt;
  return std::get<SendRequest>(next_request());
}

Step Cycle::process(const link::Outcome& outcome, bool has_time) {
  has_time_ = has_time;
  const auto index = find_read(outcome.request, State::requested);
  if (!index) return AwaitOutcome{};  // the read is no longer in the plan
  const FollowUp next = link::follow_up(outcome);
  if (next == FollowUp::take) {
    take_registers(*index, outcome);
  } else if (next == FollowUp::refuse) {
    refuse(*index, outcome);
  } else {
    states_[*index] = State::pending;
    if (!failed_request_) {
      failed_request_ = outcome;
      failed_request_->registers = {};
    }
  }
  if (failed_request_) return requests_in_flight() == 0 ? handle_failed_request() : Step{AwaitOutcome{}};
  return proceed();
}

Step Cycle::proceed() {
  if (probing_ && states_.front() == State::done) {
    probing_ = false;
    states_.assign(plan().size(), State::pending);
  }
  if (requests_in_flight() != 0) {
    if (auto more = next_ahead()) return *more;
    return AwaitOutcome{};
  }
  return next_request();
}

void Cycle::take_registers(std::size_t index, const link::Outcome& outcome) {
  const PlannedRead& read = read_at(index);
  for (const std::uint16_t block_index : read.blocks) {
    const profile::Block& block = map().blocks[block_index];
    const std::size_t offset = 2U * static_cast<std::size_t>(block.address - read.first);
    profile::decode_block(map(), block_index, reads_->fields[block_index],
                          outcome.registers.subspan(offset, 2U * block.count), values_);
  }
  states_[index] = State::done;
  note_response();
}

void Cycle::refuse(std::size_t index, const link::Outcome& outcome) {
  if (!probing_ && is_merged(plan()[index])) {
    split_at(index);
    proven_split_ = std::exchange(unproven_split_, std::nullopt);  // an exception is proof enough
    is_responding_ = true;
    return;
  }
  for (const std::uint16_t block : read_at(index).blocks) {
    profile::clear_block(map(), block, values_);
    if (!probing_) refused_.push_back({block, outcome.exception});
  }
  states_[index] = State::done;
  note_response();
}

// The gateway got no response from the unit, twice. Only this block is the reason if other reads get a
// response: one more is tried to find out.
bool Cycle::may_concern_block_only() const { return !probing_ && (responded_ || !gateway_failure_); }

void Cycle::leave_out(std::size_t index, const link::Outcome& outcome) {
  gateway_failure_ = outcome;
  for (const std::uint16_t block : read_at(index).blocks) {
    profile::clear_block(map(), block, values_);
    refused_.push_back({block, outcome.exception});
  }
  states_[index] = State::done;
}

// After a response, which may be an exception.
void Cycle::note_response() {
  is_responding_ = responded_ = true;
  if (unproven_split_) proven_split_ = std::exchange(unproven_split_, std::nullopt);
}

Step Cycle::handle_failed_request() {
  const link::Outcome outcome = *std::exchange(failed_request_, std::nullopt);
  if (outcome.error == link::Error::not_repeated && last_failure_) {
    const FollowUp before = link::follow_up(*last_failure_);
    const bool is_refusal = before == FollowUp::repeat_busy || before == FollowUp::repeat_gateway;
    return is_refusal ? give_up_read(*last_failure_, before) : fail(*last_failure_);
  }
  last_failure_ = outcome;
  const FollowUp next = link::follow_up(outcome);
  if (next == FollowUp::give_up) return fail(outcome);
  return repeat(outcome, next);
}

Step Cycle::repeat(const link::Outcome& outcome, FollowUp next) {
  has_failed_request_ = true;
  if (unproven_split_) return give_up_read(outcome, next);
  const link::Retry retry = link::may_repeat(outcome, reads_->protocol,
                                             {.is_responding = is_responding_,
                                              .is_time_left = has_time_,
                                              .is_extra_retry_used = is_extra_retry_used_});
  if (retry == link::Retry::none) return give_up_read(outcome, next);
  if (retry == link::Retry::extra) is_extra_retry_used_ = true;
  return PauseBeforeRetry{.is_needed = link::needs_pause(outcome, reads_->protocol)};
}

// The read is not repeated again in this cycle.
Step Cycle::give_up_read(const link::Outcome& outcome, FollowUp next) {
  const auto index = find_read(outcome.request, State::pending);
  if (!index) return fail(outcome);
  const bool may_be_range = next == FollowUp::repeat_or_split || next == FollowUp::repeat_gateway;
  if (may_be_range && is_responding_ && !probing_ && !unproven_split_ && is_merged(plan()[*index])) {
    split_at(*index);
    return next_request();
  }
  if (next == FollowUp::repeat_busy) {
    refuse(*index, outcome);
    return proceed();
  }
  if (next == FollowUp::repeat_gateway && may_concern_block_only()) {
    leave_out(*index, outcome);
    return proceed();
  }
  return fail(outcome);
}

bool Cycle::mark_suspect(const modbus::ReadRequest& request) {
  const auto index = probing_ ? std::nullopt : find_read(request, State::done);
  if (!index || failure_) return false;
  if (++suspect_responses_ > link::suspects_per_cycle_max) {
    failure_ = link::Outcome{.request = request, .error = link::Error::suspect_responses};
    return false;
  }
  states_[*index] = State::pending;
  return true;
}

Step Cycle::fail(const link::Outcome& outcome) {
  undo_split();
  failure_ = outcome;
  return CycleFinished{};
}

std::optional<std::size_t> Cycle::find_read(const modbus::ReadRequest& request, State state) const {
  for (std::size_t index = 0; index < states_.size(); ++index) {
    const PlannedRead& read = read_at(index);
    if (states_[index] == state && request.function == modbus::Function::holding_registers &&
        read.first == request.first && read.count == request.count)
      return index;
  }
  return std::nullopt;
}

std::optional<std::size_t> Cycle::next_pending() const {
  const auto place = std::ranges::find(states_, State::pending);
  if (place == states_.end()) return std::nullopt;
  return static_cast<std::size_t>(place - states_.begin());
}

std::size_t Cycle::requests_in_flight() const {
  return static_cast<std::size_t>(std::ranges::count(states_, State::requested));
}

bool Cycle::is_merged(const PlannedRead& read) const {
  const profile::ReadPlan blocks = profile::single_blocks(map(), read.blocks);
  return blocks.size() != 1 || blocks.front() != read;
}

void Cycle::split_at(std::size_t index) {
  if (!is_split()) own_plan_ = reads_->plan;
  const auto place = static_cast<std::ptrdiff_t>(index);
  unproven_split_ = own_plan_[index];
  const profile::ReadPlan blocks = profile::single_blocks(map(), unproven_split_->blocks);
  own_plan_.insert(own_plan_.erase(own_plan_.begin() + place), blocks.begin(), blocks.end());
  states_.insert(states_.erase(states_.begin() + place), blocks.size(), State::pending);
}

// The blocks of a split read got no response either: the range was not the reason.
void Cycle::undo_split() {
  if (!unproven_split_) return;
  const auto first = std::ranges::find_if(own_plan_, [&](const PlannedRead& read) {
    return read.blocks.front() == unproven_split_->blocks.front();
  });
  const auto behind =
      own_plan_.erase(first, first + static_cast<std::ptrdiff_t>(unproven_split_->blocks.size()));
  own_plan_.insert(behind, *std::exchange(unproven_split_, std::nullopt));
  if (own_plan_ == reads_->plan) own_plan_.clear();
}

std::optional<PlannedRead> Cycle::take_split_read() { return std::exchange(proven_split_, std::nullopt); }

}  // namespace gensetd::poller
