#pragma once

#include "link/retry_policy.hpp"
#include "link/transaction.hpp"
#include "profile/profile.hpp"
#include "profile/read_plan.hpp"
#include "profile/value.hpp"

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
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
  bool repeatable = false;      // another attempt follows if this one fails
};
struct Await {};          // nothing, until the next outcome
struct Pause {            // a short while, then again()
  bool is_needed = true;  // false: the line has been silent already
};
struct Finished {};  // failure() and values() tell how
using Step = std::variant<Ask, Await, Pause, Finished>;

// One device's cycles: which registers are asked, in which order, what an answer or its absence leads to. No
// sockets, no clock. Use: begin(), do what the step says and, as long as it gives something, what ahead()
// says; took() with each outcome, until Finished.
//
// A cycle fails as a whole: values() are complete only when failure() is empty. A failed request is repeated
// as long as the caller says that there is time, and one more request a cycle is repeated in any case. A
// merged read that is refused, or stays unanswered where one of its blocks is answered, is replaced in the
// plan by its blocks until forget_refusals().
class Cycle {
 public:
  explicit Cycle(profile::ReadsPtr reads) : reads_(std::move(reads)) {}
  Cycle(profile::ProfilePtr profile, modbus::Protocol protocol)
      : Cycle(profile::reads_of(std::move(profile), protocol)) {}

  // `alive`: the device answered in its last cycle. One that did not is asked for a single block first, so
  // that a dead unit costs its line one timeout.
  Step begin(bool alive);
  Step again();
  // `time_left`: the failed requests of this cycle have not used up its budget.
  Step took(const link::Outcome& outcome, bool time_left = false);

  // One more request to be sent before the answer to the last one, where the profile allows several at once.
  std::optional<Ask> ahead();

  // The answer to `request` may have been somebody else's: it is asked again before the cycle ends. After
  // Finished: true when there is something to ask; again() goes on.
  bool doubted(const modbus::ReadRequest& request);

  const std::optional<link::Outcome>& failure() const { return failure_; }  // without registers
  std::vector<profile::Value>& values() { return values_; }                 // one per field of the profile
  const std::vector<RefusedBlock>& refused() const { return refused_; }

  // The merged read given up in this step, for the log; empty otherwise.
  std::optional<profile::PlannedRead> take_news();

  void forget_refusals() { own_plan_.clear(); }  // the device may be another one when it comes back
  const profile::ReadPlan& plan() const { return is_split() ? own_plan_ : reads_->plan; }
  bool is_split() const { return !own_plan_.empty(); }  // the plan is not the cheapest one any more

 private:
  enum class State : std::uint8_t { to_do, asked, done };

  const profile::PlannedRead& read_at(std::size_t index) const {
    return probing_ ? reads_->probe : plan()[index];
  }
  std::optional<std::size_t> place_of(const modbus::ReadRequest& request, State state) const;
  std::optional<std::size_t> next_to_do() const;
  std::size_t under_way() const;
  bool is_merged(const profile::PlannedRead& read) const;
  Step ask();
  Step proceed();
  Step fail(const link::Outcome& outcome);
  Step trouble();
  Step repeat(const link::Outcome& outcome, link::FollowUp next);
  Step give_up_read(const link::Outcome& outcome, link::FollowUp next);
  bool may_be_block_of_gateway() const;
  void leave_out(std::size_t index, const link::Outcome& outcome);
  void take(std::size_t index, const link::Outcome& outcome);
  void refuse(std::size_t index, const link::Outcome& outcome);
  void lives();
  void split_at(std::size_t index);
  void rejoin();
  const profile::Profile& map() const { return *reads_->profile; }

  profile::ReadsPtr reads_;
  profile::ReadPlan own_plan_;  // where merged reads were given up; empty: that of all

  boost::container::small_vector<State, 8> states_;  // one per read of plan(), or one for the probe
  bool alive_ = false;                               // answered in the last cycle or in this one
  bool probing_ = false;
  bool retried_ = false;   // the retry that is always allowed was made
  bool troubled_ = false;  // a request of this cycle failed
  bool time_left_ = false;
  int doubts_ = 0;
  bool responded_ = false;                     // the controller answered in this cycle
  std::optional<link::Outcome> trouble_;       // the first, while others are under way
  std::optional<link::Outcome> last_failure_;  // of a request that was to be repeated
  std::optional<link::Outcome> gateway_failure_;
  std::optional<profile::PlannedRead> split_;  // its blocks stand in the plan and have not answered yet
  std::optional<profile::PlannedRead> news_;
  std::optional<link::Outcome> failure_;
  std::vector<RefusedBlock> refused_;
  std::vector<profile::Value> values_;
};

}  // namespace gensetd::poller
