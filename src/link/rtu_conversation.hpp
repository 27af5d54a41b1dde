#pragma once

#include "link/conversation_state.hpp"
#include "link/response_times.hpp"
#include "link/rtu_response_judge.hpp"
#include "link/stray_bytes.hpp"
#include "modbus/rtu_frame.hpp"

#include <boost/container/flat_map.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::link {

// The RTU half of a Conversation: finds the frames in the received bytes, and decides when the line is free.
// What a response means is decided by RtuResponseJudge. At most one request is pending. Used by Conversation
// only: it calls process_received() after each read, start() for each request.
class RtuConversation {
 public:
  explicit RtuConversation(ConversationState& state) : state_(state), judge_(state) {}

  // Processes state.received. Stops after the first report, because the report refers to state.registers.
  // `silent`: the line was silent until silence_at(), so an incomplete frame stays incomplete.
  void process_received(bool silent, SteadyTime now);

  // The bytes of a request that is sent now.
  Send start(const modbus::ReadRequest& request, SteadyTime now);
  void closed(SteadyTime now);
  void withdraw(const TransactionHandler& handler) { judge_.withdraw(handler); }
  // Ends the pending request, whose response may still arrive.
  void finish_without_response(boost::system::error_code error, boost::system::error_code cause,
                               SteadyTime now) {
    judge_.finish_without_response(error, cause, now);
  }
  void accept_exception(std::size_t index, SteadyTime now) { judge_.accept_exception(index, now); }

  // When the line will have been silent for so long that incomplete frames stay incomplete; none if there are
  // none.
  std::optional<SteadyTime> silence_at() const;
  // Until then another master's request is being responded to.
  SteadyTime foreign_exchange_until() const { return foreign_exchange_until_; }
  // How long a request waits for its response.
  std::chrono::milliseconds response_timeout(const Transaction& transaction) const;

  DistinctCounts& counts() { return judge_.counts(); }
  std::string stray_bytes() const { return stray_bytes_ ? stray_bytes_->description() : std::string{}; }
  const modbus::RtuFrame& last_foreign() const { return last_foreign_; }
  std::optional<SteadyTime> last_foreign_at() const { return last_foreign_at_; }

 private:
  void handle_frame(const modbus::RtuFrame& frame, SteadyTime now);
  bool handle_response(const modbus::RtuFrame& frame, SteadyTime now);
  void handle_unexpected_response(const modbus::RtuFrame& frame, SteadyTime now);
  void handle_foreign_request(const modbus::RtuFrame& frame, SteadyTime now);
  void record_foreign_frame(const modbus::RtuFrame& frame, SteadyTime now);

  void begin_run(StrayBytes::Position position, SteadyTime now);
  void handle_stray_byte(SteadyTime now);
  void end_undecided_run(SteadyTime now);
  bool discard_known_stray_bytes();
  void handle_following_bytes(SteadyTime now);
  bool may_be_torn(std::uint8_t first_byte) const;
  StrayBytes& learned_stray_bytes();

  ConversationState& state_;
  RtuResponseJudge judge_;

  // A run: the received bytes since the last frame or request that belong to no frame.
  std::vector<std::uint8_t> run_;
  StrayBytes::Position run_position_ = StrayBytes::Position::before;
  bool run_is_rest_ = false;       // of a damaged response: not stray bytes
  bool run_is_undecided_ = false;  // it may become a usual one; decided when it is complete
  std::unique_ptr<StrayBytes> stray_bytes_;
  boost::container::flat_map<std::uint8_t, ResponseTimes> response_times_;  // by unit id
  SteadyTime foreign_exchange_until_{};
  std::uint8_t foreign_exchange_unit_ = 0;
  std::optional<SteadyTime> last_foreign_at_;
  modbus::RtuFrame last_foreign_;
};

}  // namespace gensetd::link
