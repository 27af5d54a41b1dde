#pragma once

#include "link/transaction.hpp"
#include "profile/profile.hpp"
#include "profile/read_plan.hpp"
#include "profile/value.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace gensetd::poller {

// A block that the controller refused in this cycle.
struct RefusedBlock {
  std::uint16_t block = 0;  // index in Profile::blocks
  std::uint8_t exception = 0;

  bool operator==(const RefusedBlock&) const = default;
};

// What a cycle does next.
struct Ask {
  modbus::ReadRequest request;  // without unit id
};
struct Pause {};     // a short while, then again()
struct Finished {};  // failure() and values() tell how
using Step = std::variant<Ask, Pause, Finished>;

// One device's cycles: which registers are asked, in which order, what an answer or its absence leads to. No
// sockets, no clock. Use: begin(), do what the step says, took() with each outcome, until Finished.
//
// A cycle fails as a whole: values() are complete only when failure() is empty. One attempt a cycle is made
// twice. A merged read that is refused, or stays unanswered where one of its blocks is answered, is replaced
// in the plan by its blocks until forget_refusals().
class Cycle {
 public:
  Cycle(profile::ProfilePtr profile, modbus::Protocol protocol);

  // `alive`: the device answered in its last cycle. One that did not is asked for a single block first, so
  // that a dead unit costs its line one timeout.
  Step begin(bool alive);
  Step again();
  Step took(const link::Outcome& outcome);

  const std::optional<link::Outcome>& failure() const { return failure_; }  // without registers
  std::vector<profile::Value>& values() { return values_; }                 // one per field of the profile
  const std::vector<RefusedBlock>& refused() const { return refused_; }
  bool retried() const { return retried_; }

  // The merged read given up in this step, for the log; empty otherwise.
  std::optional<profile::PlannedRead> take_news();

  void forget_refusals();  // the device may be another one when it comes back
  const profile::ReadPlan& plan() const { return plan_; }

 private:
  const profile::PlannedRead& current() const { return probing_ ? probe_ : plan_[position_]; }
  bool is_merged(const profile::PlannedRead& read) const;
  Step ask() const;
  Step advance();
  Step fail(const link::Outcome& outcome);
  Step take(const link::Outcome& outcome);
  Step refuse(const link::Outcome& outcome);
  Step try_otherwise(const link::Outcome& outcome, bool range_may_be_unknown);
  void split_current();
  void rejoin();

  profile::ProfilePtr profile_;
  modbus::Protocol protocol_;
  profile::ReadPlan plan_;
  profile::PlannedRead probe_;  // the plan's first block alone

  std::size_t position_ = 0;  // in plan_
  bool alive_ = false;        // answered in the last cycle or in this one
  bool probing_ = false;
  bool retried_ = false;
  std::optional<profile::PlannedRead> split_;  // stood at position_; its blocks have not answered yet
  std::optional<profile::PlannedRead> news_;
  std::optional<link::Outcome> failure_;
  std::vector<RefusedBlock> refused_;
  std::vector<profile::Value> values_;
};

}  // namespace gensetd::poller
