#pragma once

#include "link/transaction.hpp"
#include "profile/profile.hpp"
#include "profile/value.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace gensetd::poller {

// The blocks of one device that a cycle may leave out: when each is due, and what is known of it when it was
// not read. No sockets, no clock. Use in each cycle: begin(); choose() when all other blocks have been read;
// note_read() or note_failure() for each attempt; commit().
//
// A block with `every` is due in the first cycle of each period of so many slots, and from then on until it
// has been read. A block with `when` is due while one of its conditions is met, and once more after that, so
// that its values are known to have ended. A condition without data counts as met. Each block gets one
// attempt in a cycle; after failures_max failures in a row only each resting_cycles-th cycle tries.
class OptionalBlocks {
 public:
  static constexpr int failures_max = 3;
  static constexpr int resting_cycles = 30;
  // A value is kept for so many periods of `every` without a successful read.
  static constexpr int periods_kept = 2;

  struct Failure {
    bool is_refusal = false;     // the controller refuses these registers
    std::uint8_t exception = 0;  // of a refusal
  };

  explicit OptionalBlocks(const profile::Profile& profile);

  void begin(std::int64_t slot);
  void choose(const profile::Profile& profile, std::span<const profile::Value> values);
  bool is_due(std::uint16_t block) const { return state(block).is_due; }

  void note_read(std::uint16_t block) { state(block).attempt = Attempt::read; }
  void note_failure(std::uint16_t block, const link::Outcome& outcome);  // also replaces note_read()

  // Ends a cycle. Blocks that were not read in it get the values that they keep, or no data.
  void commit(const profile::Profile& profile, std::span<profile::Value> values);

  // The response that was committed may have been another request's: the block is due in the next cycle.
  void read_again(std::uint16_t block);

  bool was_read(std::uint16_t block) const { return state(block).attempt == Attempt::read; }
  int failures(std::uint16_t block) const { return state(block).failures; }  // in a row, committed
  // How the last attempt failed; empty after a successful one.
  const std::optional<Failure>& failure(std::uint16_t block) const { return state(block).failure; }

  std::uint16_t first() const { return first_; }  // the blocks before it are always read
  std::uint16_t end() const { return static_cast<std::uint16_t>(first_ + states_.size()); }

 private:
  enum class Attempt : std::uint8_t { none, read, failed };
  struct State {
    Attempt attempt = Attempt::none;  // in this cycle
    bool is_due = false;
    bool is_condition_met = false;
    bool needs_read = false;                // whatever the conditions are
    std::optional<std::int64_t> last_read;  // slot
    int failures = 0;
    int cycles_rested = 0;
    std::optional<Failure> failure;
  };

  const State& state(std::uint16_t block) const { return states_[block - first_]; }
  State& state(std::uint16_t block) { return states_[block - first_]; }
  bool is_period_over(const profile::Block& block, const State& state) const;

  std::uint16_t first_ = 0;
  std::int64_t slot_ = 0;
  std::vector<State> states_;
  std::vector<profile::Value> kept_;  // one per field of the profile; empty if no field is in such a block
};

}  // namespace gensetd::poller
