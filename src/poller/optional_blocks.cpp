#include "poller/optional_blocks.hpp"

#include "link/retry_policy.hpp"

#include <algorithm>

namespace gensetd::poller {
namespace {

using profile::Block;
using profile::Profile;
using profile::Value;

// Bit n: condition n of the profile is met, or has no data.
unsigned conditions_met(const Profile& profile, std::span<const Value> values) {
  unsigned met = 0;
  for (std::size_t index = 0; index < profile.conditions.size(); ++index) {
    const profile::Condition& condition = profile.conditions[index];
    if (values[condition.field].value_or(condition.value) == condition.value) met |= 1U << index;
  }
  return met;
}

// Rounds down, for negative slots too.
std::int64_t period_of(std::int64_t slot, std::int64_t every) {
  return slot / every - (slot % every < 0 ? 1 : 0);
}

}  // namespace

OptionalBlocks::OptionalBlocks(const Profile& profile) {
  const auto first = std::ranges::find_if_not(profile.blocks, &Block::is_always_read);
  first_ = static_cast<std::uint16_t>(first - profile.blocks.begin());
  states_.resize(static_cast<std::size_t>(profile.blocks.end() - first));
  const auto is_optional = [this](const profile::Field& field) { return field.block >= first_; };
  if (std::ranges::any_of(profile.fields, is_optional)) kept_.resize(profile.fields.size());
}

void OptionalBlocks::begin(std::int64_t slot) {
  slot_ = slot;
  for (State& state : states_) {
    state.attempt = Attempt::none;
    state.is_due = false;
  }
}

bool OptionalBlocks::is_period_over(const Block& block, const State& state) const {
  if (block.every == 0) return false;
  return !state.last_read || period_of(slot_, block.every) > period_of(*state.last_read, block.every);
}

void OptionalBlocks::choose(const Profile& profile, std::span<const Value> values) {
  const unsigned met = conditions_met(profile, values);
  for (std::uint16_t index = first_; index < end(); ++index) {
    const Block& block = profile.blocks[index];
    State& chosen = state(index);
    chosen.is_condition_met = (block.conditions & met) != 0;
    if (chosen.is_condition_met) chosen.needs_read = true;
    chosen.is_due = chosen.needs_read || is_period_over(block, chosen);
    if (chosen.failures >= failures_max && chosen.cycles_rested + 1 < resting_cycles) chosen.is_due = false;
  }
}

void OptionalBlocks::note_failure(std::uint16_t block, const link::Outcome& outcome) {
  State& failed = state(block);
  failed.attempt = Attempt::failed;
  failed.failure = {.is_refusal = link::follow_up(outcome) == link::FollowUp::refuse,
                    .exception = outcome.exception};
}

void OptionalBlocks::commit(const Profile& profile, std::span<Value> values) {
  for (State& state : states_) {
    if (state.attempt == Attempt::read) {
      state.last_read = slot_;
      state.failures = state.cycles_rested = 0;
      state.failure.reset();
      state.needs_read = state.is_condition_met;
    } else if (state.attempt == Attempt::failed) {
      ++state.failures;
      state.cycles_rested = 0;
    } else {
      ++state.cycles_rested;
    }
  }
  if (kept_.empty()) return;
  for (std::size_t index = 0; index < profile.fields.size(); ++index) {
    const std::uint16_t block = profile.fields[index].block;
    if (block < first_) continue;
    const State& committed = state(block);
    if (committed.attempt == Attempt::read) {
      kept_[index] = values[index];
      continue;
    }
    const std::int64_t kept_for = std::int64_t{periods_kept} * profile.blocks[block].every;
    // A slot may have several cycles, so without `every` a read of this slot says nothing about this cycle.
    const bool is_kept = kept_for != 0 && committed.last_read && slot_ - *committed.last_read <= kept_for;
    values[index] = is_kept ? kept_[index] : std::nullopt;
  }
}

void OptionalBlocks::read_again(std::uint16_t block) {
  state(block).needs_read = true;
  state(block).last_read.reset();
}

}  // namespace gensetd::poller
