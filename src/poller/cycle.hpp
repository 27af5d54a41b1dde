#pragma once

#include "link/retry_policy.hpp"
#include "link/transaction.hpp"
#include "poller/optional_blocks.hpp"
#include "profile/decode.hpp"
#include "profile/profile.hpp"
#include "profile/read_plan.hpp"
#include "profile/value.hpp"
#include "reading/reading.hpp"

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

// What the caller does next.
struct SendRequest {
  modbus::ReadRequest request;  // without unit id
  bool repeatable = false;      // another attempt follows if this one fails
};
struct AwaitOutcome {};    // nothing until the next outcome
struct PauseBeforeRetry {  // wait for link::retry_pause(), then resume()
  bool is_needed = true;   // false: the line has been silent already, resume() at once
};
struct CycleFinished {};  // failure() and values() have the result
using Step = std::variant<SendRequest, AwaitOutcome, PauseBeforeRetry, CycleFinished>;

// The cycles of one device: which registers are requested, in which order, and what a response or its absence
// leads to. No sockets, no clock. Use: begin(); do what the step says and, as long as next_ahead() returns a
// request, send that too; process() each outcome, until CycleFinished.
//
// A cycle fails as a whole: values() are complete only when failure() is empty. link::may_repeat() decides
// whether a failed request is repeated. When a merged read is refused, or gets no response where one of its
// blocks does, its blocks replace it in the plan until forget_refusals().
//
// Optional blocks that are due are read last. They never fail a cycle.
class Cycle {
 public:
  explicit Cycle(profile::ReadLayoutPtr reads) : reads_(std::move(reads)), optional_(*reads_->profile) {}
  Cycle(profile::ProfilePtr profile, modbus::Protocol protocol)
      : Cycle(profile::read_layout_of(std::move(profile), protocol)) {}

  // `is_responding`: the device responded in its last cycle. Otherwise a single block is requested first, so
  // that a unit without power costs its line one timeout. `slot` decides which blocks with `every` are due.
  Step begin(bool is_responding, std::int64_t slot = 0);
  Step resume();
  // `has_time`: the failed requests of this cycle have not used up its time (link::has_time_to_repeat()).
  Step process(const link::Outcome& outcome, bool has_time = false);

  // One more request to send before the response to the last one, where the profile allows several at once.
  std::optional<SendRequest> next_ahead();

  // The response to `request` may belong to another request: it is read again before the cycle ends. After
  // CycleFinished: true when there is a request to send; resume() continues. After commit(): the next cycle
  // reads it again.
  bool mark_suspect(const modbus::ReadRequest& request);

  // After the last CycleFinished of a cycle without failure(), once: completes values(), refused(), unread()
  // and alarm_words(). `now`: when the last response arrived.
  void commit(reading::Timestamp now);

  const std::optional<link::Outcome>& failure() const { return failure_; }  // without registers
  std::vector<profile::Value>& values() { return values_; }                 // one per field of the profile
  const std::vector<RefusedBlock>& refused() const { return refused_; }
  // Optional blocks that got no response several times in a row, as indices in Profile::blocks.
  const std::vector<std::uint16_t>& unread() const { return unread_; }

  const reading::TextsPtr& texts() const { return texts_; }                   // null: none
  const reading::AlarmWordsPtr& alarm_words() const { return alarm_words_; }  // null: all unknown

  // The merged read that this step has replaced by its blocks, for the log; empty otherwise.
  std::optional<profile::PlannedRead> take_split_read();

  void forget_refusals() { own_plan_.clear(); }  // another controller may be connected when it comes back
  const profile::ReadPlan& plan() const { return is_split() ? own_plan_ : reads_->plan; }
  bool is_split() const { return !own_plan_.empty(); }  // the plan has more reads than necessary

 private:
  enum class State : std::uint8_t { not_due, pending, requested, done };

  const profile::PlannedRead& read_at(std::size_t index) const {
    return probing_ ? reads_->probe : plan()[index];
  }
  std::optional<std::size_t> find_read(const modbus::ReadRequest& request, State state) const;
  std::optional<std::size_t> next_pending() const;
  bool is_optional(const profile::PlannedRead& read) const {
    return read.blocks.front() >= optional_.first();
  }
  void start_reads();
  void choose_optional_reads();
  void leave_out_optional(std::size_t index, const link::Outcome& outcome);
  void forget_block(std::uint16_t block);
  void split_unread_reads();
  void take_alarm_words(std::uint16_t block, const profile::TableData& data);
  void commit_alarm_words(reading::Timestamp now);
  std::size_t requests_in_flight() const;
  bool is_merged(const profile::PlannedRead& read) const;
  Step next_request();
  Step proceed();
  Step fail(const link::Outcome& outcome);
  Step handle_failed_request();
  Step repeat(const link::Outcome& outcome, link::FollowUp next);
  Step give_up_read(const link::Outcome& outcome, link::FollowUp next);
  bool may_concern_block_only() const;
  void leave_out(std::size_t index, const link::Outcome& outcome);
  void take_registers(std::size_t index, const link::Outcome& outcome);
  void refuse(std::size_t index, const link::Outcome& outcome);
  void note_response();
  void split_at(std::size_t index);
  void undo_split();
  const profile::Profile& map() const { return *reads_->profile; }

  profile::ReadLayoutPtr reads_;
  OptionalBlocks optional_;
  profile::ReadPlan own_plan_;  // with merged reads replaced by their blocks; empty: reads_->plan applies

  boost::container::small_vector<State, 8> states_;  // one per read of plan(), or one for the probe
  bool is_responding_ = false;                       // in the last cycle or in this one
  bool probing_ = false;
  bool is_extra_retry_used_ = false;
  bool has_failed_request_ = false;
  bool has_time_ = false;
  bool are_optional_chosen_ = false;
  bool is_committed_ = false;
  int suspect_responses_ = 0;
  bool responded_ = false;                              // in this cycle
  std::optional<link::Outcome> failed_request_;         // the first one, while others are in flight
  std::optional<link::Outcome> last_failure_;           // of a request that was to be repeated
  std::optional<link::Outcome> gateway_failure_;        // the gateway got no response from the unit
  std::optional<profile::PlannedRead> unproven_split_;  // its blocks are in the plan, without a response yet
  std::optional<profile::PlannedRead> proven_split_;    // for take_split_read()
  std::optional<link::Outcome> failure_;
  std::vector<RefusedBlock> refused_;
  std::vector<std::uint16_t> unread_;
  std::vector<std::optional<std::uint16_t>> read_words_;  // in this cycle, one per alarm word of the profile
  bool has_new_words_ = false;                            // alarm_words_ must be made again
  reading::AlarmWordsPtr alarm_words_;
  std::vector<int> unread_cycles_;  // committed ones in a row without the word, one per alarm word
  reading::Timestamp last_commit_{};
  std::vector<std::string> read_texts_;  // the newest of each field of Type::text
  reading::TextsPtr texts_;
  std::vector<profile::Value> values_;
};

}  // namespace gensetd::poller
