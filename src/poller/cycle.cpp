#include "poller/cycle.hpp"

#include "link/error.hpp"
#include "link/retry_policy.hpp"
#include "modbus/error.hpp"
#include "profile/decode.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::poller {

using link::FollowUp;
using profile::PlannedRead;

Step Cycle::begin(bool alive) {
  alive_ = alive;
  probing_ = !alive && plan().front() != reads_->probe;
  states_.assign(probing_ ? 1 : plan().size(), State::to_do);
  retried_ = troubled_ = time_left_ = responded_ = false;
  doubts_ = 0;
  trouble_.reset();
  last_failure_.reset();
  gateway_failure_.reset();
  split_.reset();
  news_.reset();
  failure_.reset();
  refused_.clear();
  values_.assign(map().fields.size(), std::nullopt);
  return ask();
}

Step Cycle::again() { return ask(); }

Step Cycle::ask() {
  const auto index = next_to_do();
  if (!index && gateway_failure_ && !responded_) return fail(*gateway_failure_);
  if (!index) return Finished{};
  states_[*index] = State::asked;
  return Ask{.request = {.first = read_at(*index).first, .count = read_at(*index).count},
             .repeatable = !retried_};
}

std::optional<Ask> Cycle::ahead() {
  const bool smooth = alive_ && !probing_ && !troubled_ && !split_ && !trouble_ && doubts_ == 0;
  if (!smooth || reads_->protocol != modbus::Protocol::tcp || !next_to_do()) return std::nullopt;
  if (under_way() >= map().transport(reads_->protocol).requests_in_flight) return std::nullopt;
  return std::get<Ask>(ask());
}

Step Cycle::took(const link::Outcome& outcome, bool time_left) {
  time_left_ = time_left;
  const auto index = place_of(outcome.request, State::asked);
  if (!index) return Await{};  // of a read that the plan has no more
  const FollowUp next = link::follow_up(outcome);
  if (next == FollowUp::take) {
    take(*index, outcome);
  } else if (next == FollowUp::refuse) {
    refuse(*index, outcome);
  } else {
    states_[*index] = State::to_do;
    if (!trouble_) {
      trouble_ = outcome;
      trouble_->registers = {};
    }
  }
  if (trouble_) return under_way() == 0 ? trouble() : Step{Await{}};
  return proceed();
}

Step Cycle::proceed() {
  if (probing_ && states_.front() == State::done) {
    probing_ = false;
    states_.assign(plan().size(), State::to_do);
  }
  if (under_way() != 0) {
    if (auto more = ahead()) return *more;
    return Await{};
  }
  return ask();
}

void Cycle::take(std::size_t index, const link::Outcome& outcome) {
  const PlannedRead& read = read_at(index);
  for (const std::uint16_t block_index : read.blocks) {
    const profile::Block& block = map().blocks[block_index];
    const std::size_t offset = 2U * static_cast<std::size_t>(block.address - read.first);
    profile::decode_block(map(), block_index, reads_->fields[block_index],
                          outcome.registers.subspan(offset, 2U * block.count), values_);
  }
  states_[index] = State::done;
  lives();
}

void Cycle::refuse(std::size_t index, const link::Outcome& outcome) {
  if (!probing_ && is_merged(plan()[index])) {
    split_at(index);
    news_ = std::exchange(split_, std::nullopt);  // an exception needs no further proof
    alive_ = true;
    return;
  }
  for (const std::uint16_t block : read_at(index).blocks) {
    profile::clear_block(map(), block, values_);
    if (!probing_) refused_.push_back({block, outcome.exception});
  }
  states_[index] = State::done;
  lives();
}

// The gateway got nothing from the unit, twice. That is about this block when other reads are answered: one
// more is tried to see.
bool Cycle::may_be_block_of_gateway() const { return !probing_ && (responded_ || !gateway_failure_); }

void Cycle::leave_out(std::size_t index, const link::Outcome& outcome) {
  gateway_failure_ = outcome;
  for (const std::uint16_t block : read_at(index).blocks) {
    profile::clear_block(map(), block, values_);
    refused_.push_back({block, outcome.exception});
  }
  states_[index] = State::done;
}

// After an answer, be it a refusal.
void Cycle::lives() {
  alive_ = responded_ = true;
  if (split_) news_ = std::exchange(split_, std::nullopt);
}

Step Cycle::trouble() {
  const link::Outcome outcome = *std::exchange(trouble_, std::nullopt);
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
  troubled_ = true;
  if (split_) return give_up_read(outcome, next);
  // A line over which a request and its timeout have gone by has been silent for long enough.
  const bool is_silence =
      outcome.error == link::Error::no_answer || outcome.error == modbus::Error::broken_answer;
  const Pause pause{.is_needed = !is_silence || reads_->protocol == modbus::Protocol::tcp};
  // A broken answer is a sign of life too.
  const bool lives = alive_ || outcome.error == modbus::Error::broken_answer;
  // A connection that cannot be had, or is closed, is not made again and again.
  const bool is_connected =
      outcome.error != link::Error::connect_failed && outcome.error != link::Error::connection_lost;
  if (time_left_ && is_connected && (lives || !pause.is_needed)) return pause;
  // Some controllers ignore requests for some seconds after a connection is made.
  if (lives && outcome.new_connection) return pause;
  if (lives && !retried_) {
    retried_ = true;
    return pause;
  }
  return give_up_read(outcome, next);
}

// The read is not repeated any more.
Step Cycle::give_up_read(const link::Outcome& outcome, FollowUp next) {
  const auto index = place_of(outcome.request, State::to_do);
  if (!index) return fail(outcome);
  const bool may_be_range = next == FollowUp::repeat_or_split || next == FollowUp::repeat_gateway;
  if (may_be_range && alive_ && !probing_ && !split_ && is_merged(plan()[*index])) {
    split_at(*index);
    return ask();
  }
  if (next == FollowUp::repeat_busy) {
    refuse(*index, outcome);
    return proceed();
  }
  if (next == FollowUp::repeat_gateway && may_be_block_of_gateway()) {
    leave_out(*index, outcome);
    return proceed();
  }
  return fail(outcome);
}

bool Cycle::doubted(const modbus::ReadRequest& request) {
  const auto index = probing_ ? std::nullopt : place_of(request, State::done);
  if (!index || failure_) return false;
  if (++doubts_ > link::doubts_per_cycle_max) {
    failure_ = link::Outcome{.request = request, .error = link::Error::doubtful};
    return false;
  }
  states_[*index] = State::to_do;
  return true;
}

Step Cycle::fail(const link::Outcome& outcome) {
  rejoin();
  failure_ = outcome;
  return Finished{};
}

std::optional<std::size_t> Cycle::place_of(const modbus::ReadRequest& request, State state) const {
  for (std::size_t index = 0; index < states_.size(); ++index) {
    const PlannedRead& read = read_at(index);
    if (states_[index] == state && read.first == request.first && read.count == request.count) return index;
  }
  return std::nullopt;
}

std::optional<std::size_t> Cycle::next_to_do() const {
  const auto place = std::ranges::find(states_, State::to_do);
  if (place == states_.end()) return std::nullopt;
  return static_cast<std::size_t>(place - states_.begin());
}

std::size_t Cycle::under_way() const {
  return static_cast<std::size_t>(std::ranges::count(states_, State::asked));
}

bool Cycle::is_merged(const PlannedRead& read) const {
  const profile::ReadPlan blocks = profile::single_blocks(map(), read.blocks);
  return blocks.size() != 1 || blocks.front() != read;
}

void Cycle::split_at(std::size_t index) {
  if (!is_split()) own_plan_ = reads_->plan;
  const auto place = static_cast<std::ptrdiff_t>(index);
  split_ = own_plan_[index];
  const profile::ReadPlan blocks = profile::single_blocks(map(), split_->blocks);
  own_plan_.insert(own_plan_.erase(own_plan_.begin() + place), blocks.begin(), blocks.end());
  states_.insert(states_.erase(states_.begin() + place), blocks.size(), State::to_do);
}

// The blocks of a split read stayed silent too: it was not the range.
void Cycle::rejoin() {
  if (!split_) return;
  const auto first = std::ranges::find_if(
      own_plan_, [&](const PlannedRead& read) { return read.blocks.front() == split_->blocks.front(); });
  const auto behind = own_plan_.erase(first, first + static_cast<std::ptrdiff_t>(split_->blocks.size()));
  own_plan_.insert(behind, *std::exchange(split_, std::nullopt));
  if (own_plan_ == reads_->plan) own_plan_.clear();
}

std::optional<PlannedRead> Cycle::take_news() { return std::exchange(news_, std::nullopt); }

}  // namespace gensetd::poller
