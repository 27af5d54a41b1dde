#include "poller/cycle.hpp"

#include "modbus/error.hpp"
#include "poller/next_step.hpp"
#include "profile/decode.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::poller {

using profile::PlannedRead;

Cycle::Cycle(profile::ProfilePtr profile, modbus::Protocol protocol)
    : profile_(std::move(profile)), protocol_(protocol) {
  forget_refusals();
}

void Cycle::forget_refusals() {
  plan_ = profile::merged_plan(*profile_, protocol_);
  probe_ = profile::single_blocks(*profile_, plan_.front().blocks).front();
}

Step Cycle::begin(bool alive) {
  position_ = 0;
  alive_ = alive;
  probing_ = !alive && plan_.front() != probe_;
  retried_ = false;
  split_.reset();
  news_.reset();
  failure_.reset();
  refused_.clear();
  values_.assign(profile_->fields.size(), std::nullopt);
  return ask();
}

Step Cycle::again() { return ask(); }

Step Cycle::ask() const { return Ask{{.first = current().first, .count = current().count}}; }

Step Cycle::took(const link::Outcome& outcome) {
  switch (next_step(outcome)) {
    case NextStep::take:
      return take(outcome);
    case NextStep::refuse:
      return refuse(outcome);
    case NextStep::ask_again:
      return try_otherwise(outcome, false);
    case NextStep::ask_differently:
      return try_otherwise(outcome, true);
    case NextStep::give_up:
      break;
  }
  return fail(outcome);
}

Step Cycle::take(const link::Outcome& outcome) {
  const PlannedRead& read = current();
  // The link compared the answer with the request; another length here would be a bug of ours.
  if (outcome.registers.size() != 2U * read.count) return fail(outcome);
  for (const std::uint16_t index : read.blocks) {
    const profile::Block& block = profile_->blocks[index];
    const std::size_t offset = 2U * static_cast<std::size_t>(block.address - read.first);
    profile::decode_block(*profile_, index, outcome.registers.subspan(offset, 2U * block.count), values_);
  }
  return advance();
}

Step Cycle::refuse(const link::Outcome& outcome) {
  if (!probing_ && is_merged(current())) {
    split_current();
    news_ = std::exchange(split_, std::nullopt);  // an exception needs no further proof
    alive_ = true;
    return ask();
  }
  for (const std::uint16_t block : current().blocks) {
    profile::clear_block(*profile_, block, values_);
    if (!probing_) refused_.push_back({block, outcome.exception});
  }
  return advance();
}

// After an answer, be it a refusal.
Step Cycle::advance() {
  alive_ = true;
  if (split_) news_ = std::exchange(split_, std::nullopt);
  if (probing_) {
    probing_ = false;
    return ask();
  }
  if (++position_ == plan_.size()) return Finished{};
  return ask();
}

Step Cycle::try_otherwise(const link::Outcome& outcome, bool range_may_be_unknown) {
  if (split_) return fail(outcome);
  // A broken answer is a sign of life too.
  if (!retried_ && (alive_ || outcome.error == modbus::Error::broken_answer)) {
    retried_ = true;
    return Pause{};
  }
  if (range_may_be_unknown && alive_ && is_merged(current())) {
    split_current();
    return ask();
  }
  return fail(outcome);
}

Step Cycle::fail(const link::Outcome& outcome) {
  rejoin();
  failure_ = outcome;
  failure_->registers = {};
  return Finished{};
}

bool Cycle::is_merged(const PlannedRead& read) const {
  const profile::ReadPlan blocks = profile::single_blocks(*profile_, read.blocks);
  return blocks.size() != 1 || blocks.front() != read;
}

void Cycle::split_current() {
  const auto place = plan_.begin() + static_cast<std::ptrdiff_t>(position_);
  split_ = *place;
  const profile::ReadPlan blocks = profile::single_blocks(*profile_, split_->blocks);
  const auto behind = plan_.erase(place);
  plan_.insert(behind, blocks.begin(), blocks.end());
}

// The blocks of a split read stayed silent too: it was not the range.
void Cycle::rejoin() {
  if (!split_) return;
  const auto place = plan_.begin() + static_cast<std::ptrdiff_t>(position_);
  const auto behind = plan_.erase(place, place + static_cast<std::ptrdiff_t>(split_->blocks.size()));
  plan_.insert(behind, *std::exchange(split_, std::nullopt));
}

std::optional<PlannedRead> Cycle::take_news() { return std::exchange(news_, std::nullopt); }

}  // namespace gensetd::poller
