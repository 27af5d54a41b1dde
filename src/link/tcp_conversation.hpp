#pragma once

#include "link/conversation_state.hpp"
#include "link/distinct_counts.hpp"
#include "modbus/frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace gensetd::link {

// The Modbus TCP half of a Conversation: finds the frames in the received bytes, and decides which are the
// responses to pending requests. Once two unit ids are used, the peer is a gateway, and register counts
// distinguish its responses (docs/design/serial-line.md). Used by Conversation only: it calls
// process_received() after each read, start() for each request.
class TcpConversation {
 public:
  explicit TcpConversation(ConversationState& state) : state_(state) {}

  // Processes state.received. Stops after the first report, because the report refers to state.registers.
  void process_received(SteadyTime now);

  void submitted(std::uint8_t unit_id);
  // The bytes of a request that is sent now. Sets its transaction id.
  Send start(PendingRequest& request);
  // See Conversation::opened().
  void opened(std::optional<std::uint16_t> first_transaction_id);
  void finish_without_response(std::size_t index, boost::system::error_code error,
                               boost::system::error_code cause, SteadyTime now);

  // More than one unit id is used behind this connection.
  bool is_gateway() const { return is_gateway_; }
  // Whether register counts must distinguish the responses.
  bool uses_distinct_counts(SteadyTime now) const { return is_gateway_ || now < distinguish_until_; }
  // Whether two responses of the gateway must agree, because it was out of step.
  bool must_agree(SteadyTime now) const { return is_gateway_ && now < out_of_step_until_; }
  // How many register counts rotate for a read.
  std::uint16_t rotation(SteadyTime now) const;
  DistinctCounts& counts();

 private:
  // An ended request whose response may still arrive.
  struct AbandonedRequest {
    std::uint16_t transaction_id = 0;
    std::uint8_t unit_id = 0;
    SteadyTime sent_at{};
  };

  void handle_response(std::size_t index, const modbus::Response& response, SteadyTime now);
  void handle_exception(std::size_t index, const modbus::Refused& refusal, SteadyTime now);
  void handle_unexpected_frame(const modbus::TcpFrame& frame, SteadyTime now);
  void handle_out_of_step(std::size_t index, const modbus::TcpFrame& frame, SteadyTime now);
  bool may_concern_other_request(const PendingRequest& pending) const;
  void distinguish_responses(SteadyTime now);
  void remember_abandoned(const PendingRequest& pending);

  ConversationState& state_;
  std::uint16_t transaction_id_ = 0;  // of the last request
  std::bitset<256> submitted_units_;
  bool is_gateway_ = false;
  std::array<modbus::ReadRequest, DistinctCounts::rotation_of_gateway> recent_requests_{};  // a ring
  std::uint64_t request_count_ = 0;
  SteadyTime distinguish_until_{};
  SteadyTime out_of_step_until_{};
  std::vector<AbandonedRequest> abandoned_;  // the newest ones
  std::unique_ptr<DistinctCounts> counts_;   // created when first needed
};

}  // namespace gensetd::link
