#include "poller/cycle.hpp"

#include "link/error.hpp"
#include "link/retry_policy.hpp"
#include "profile/decode.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::poller {

using link::FollowUp;
using profile::PlannedRead;

Step Cycle::begin(bool is_responding, std::int64_t slot) {
  is_responding_ = is_responding;
  probing_ = !is_responding && plan().front() != reads_->probe;
  start_reads();
  optional_.begin(slot);
  are_optional_chosen_ = is_committed_ = false;
  is_extra_retry_used_ = has_failed_request_ = has_time_ = responded_ = false;
  suspect_responses_ = 0;
  failed_request_.reset();
  last_failure_.reset();
  gateway_failure_.reset();
  unproven_split_.reset();
  proven_split_.reset();
  failure_.reset();
  refused_.clear();
  unread_.clear();
  read_words_.assign(map().alarm_words.size(), std::nullopt);
  has_new_words_ = false;
  read_texts_.resize(map().text_count);
  values_.assign(map().fields.size(), std::nullopt);
  return next_request();
}

void Cycle::start_reads() {
  states_.assign(probing_ ? 1 : plan().size(), State::pending);
  if (probing_ || !reads_->has_optional) return;
  for (std::size_t index = 0; index < states_.size(); ++index) {
    if (is_optional(plan()[index])) states_[index] = State::not_due;
  }
}

// When all other blocks have been read: their values decide.
void Cycle::choose_optional_reads() {
  if (probing_ || are_optional_chosen_ || !reads_->has_optional) return;
  are_optional_chosen_ = true;
  optional_.choose(map(), values_);
  for (std::size_t index = 0; index < states_.size(); ++index) {
    const PlannedRead& read = plan()[index];
    const auto is_due = [&](std::uint16_t block) { return optional_.is_due(block); };
    if (states_[index] == State::not_due && is_optional(read) && std::ranges::any_of(read.blocks, is_due))
      states_[index] = State::pending;
  }
}

Step Cycle::resume() { return next_request(); }

Step Cycle::next_request() {
  auto index = next_pending();
  if (!index && gateway_failure_ && !responded_) return fail(*gateway_failure_);
  if (!index) {
    choose_optional_reads();
    index = next_pending();
  }
  if (!index) return CycleFinished{};
  states_[*index] = State::requested;
  const PlannedRead& read = read_at(*index);
  return SendRequest{.request = {.function = read.table, .first = read.first, .count = read.count},
                     .repeatable = !is_extra_retry_used_ && !is_optional(read)};
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
  } else if (!probing_ && is_optional(plan()[*index])) {
    leave_out_optional(*index, outcome);
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
    start_reads();
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
    profile::decode_block(map(), block_index, reads_->fields[block_index],
                          {.first = read.first, .bytes = outcome.registers}, values_, read_texts_);
    take_alarm_words(block_index, {.first = read.first, .bytes = outcome.registers});
    if (block_index >= optional_.first()) optional_.note_read(block_index);
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
  if (!probing_ && is_optional(plan()[index])) {
    note_response();
    return leave_out_optional(index, outcome);
  }
  for (const std::uint16_t block : read_at(index).blocks) {
    forget_block(block);
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
    forget_block(block);
    refused_.push_back({block, outcome.exception});
  }
  states_[index] = State::done;
}

// The only attempt of this cycle to read optional blocks has failed.
void Cycle::leave_out_optional(std::size_t index, const link::Outcome& outcome) {
  const PlannedRead& read = plan()[index];
  for (const std::uint16_t block : read.blocks) {
    forget_block(block);
    optional_.note_failure(block, outcome);
  }
  states_[index] = State::not_due;
}

// A response that was suspect may have set them.
void Cycle::forget_block(std::uint16_t block) {
  profile::clear_block(map(), block, values_);
  const auto& words = reads_->alarm_words[block];
  for (std::size_t word = words.first; word < words.end; ++word) read_words_[word].reset();
  has_new_words_ = has_new_words_ || words.first != words.end;
}

void Cycle::take_alarm_words(std::uint16_t block, const profile::TableData& data) {
  const auto& words = reads_->alarm_words[block];
  for (std::size_t index = words.first; index < words.end; ++index) {
    const profile::AlarmWord& word = map().alarm_words[index];
    read_words_[index] = modbus::reads_bits(word.place.function)
                             ? static_cast<std::uint16_t>(data.bit_at(word.place.address) ? 1 : 0)
                             : data.register_at(word.place.address);
    const reading::AlarmWord* before = alarm_words_ ? &(*alarm_words_)[index] : nullptr;
    const bool is_known = before != nullptr && before->raw == read_words_[index] && !before->read_at;
    has_new_words_ = has_new_words_ || !is_known || block >= optional_.first();
  }
}

// A word that was not read stays as it is. Readings share the words until one of them changes.
void Cycle::commit_alarm_words(reading::Timestamp now) {
  if (!has_new_words_) return;
  unread_cycles_.resize(read_words_.size());
  reading::AlarmWords words = alarm_words_ ? *alarm_words_ : reading::AlarmWords(read_words_.size());
  for (std::size_t index = 0; index < words.size(); ++index) {
    const std::uint16_t block = map().alarm_words[index].block;
    const bool is_optional_block = block >= optional_.first();
    unread_cycles_[index] = read_words_[index] ? 0 : unread_cycles_[index] + 1;
    const int failures = is_optional_block ? optional_.failures(block) : unread_cycles_[index];
    words[index].is_failing = failures >= OptionalBlocks::failures_max;
    if (read_words_[index]) {
      words[index].raw = read_words_[index];
      words[index].read_at = is_optional_block ? std::optional{now} : std::nullopt;
    } else if (!is_optional_block && words[index].raw && !words[index].read_at) {
      words[index].read_at = last_commit_;  // the controller refuses its block now
    }
  }
  if (!alarm_words_ || *alarm_words_ != words)
    alarm_words_ = std::make_shared<const reading::AlarmWords>(std::move(words));
}

void Cycle::commit(reading::Timestamp now) {
  is_committed_ = true;
  optional_.commit(map(), values_);
  commit_alarm_words(now);
  last_commit_ = now;
  if (!read_texts_.empty() && (!texts_ || *texts_ != read_texts_))
    texts_ = std::make_shared<const std::vector<std::string>>(read_texts_);
  for (std::uint16_t block = optional_.first(); block < optional_.end(); ++block) {
    const auto& failure = optional_.failure(block);
    if (!failure) continue;
    if (failure->is_refusal) {
      refused_.push_back({block, failure->exception});
    } else if (optional_.failures(block) >= OptionalBlocks::failures_max) {
      unread_.push_back(block);
    }
  }
  split_unread_reads();
}

// A merged read of optional blocks that gets no response: perhaps each of its blocks does.
void Cycle::split_unread_reads() {
  if (unread_.empty()) return;
  for (std::size_t index = plan().size(); index-- > 0;) {
    const PlannedRead& read = plan()[index];
    if (!is_optional(read) || !is_merged(read) ||
        std::ranges::find(unread_, read.blocks.front()) == unread_.end())
      continue;
    split_at(index);
    unproven_split_.reset();
  }
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
  const bool may_leave_out = is_optional(plan()[*index]);
  if (is_committed_) {
    for (const std::uint16_t block : plan()[*index].blocks) {
      if (may_leave_out) optional_.read_again(block);
    }
    return false;
  }
  if (++suspect_responses_ > link::suspects_per_cycle_max) {
    if (may_leave_out) {
      leave_out_optional(*index, {.request = request, .error = link::Error::suspect_responses});
      return false;
    }
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
    if (states_[index] == state && request.function == read.table && read.first == request.first &&
        read.count == request.count)
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
