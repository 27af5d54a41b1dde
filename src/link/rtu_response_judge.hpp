#pragma once

#include "link/conversation_state.hpp"
#include "link/distinct_counts.hpp"
#include "modbus/rtu_frame.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

namespace gensetd::link {

// At sites, responses arrived 140 to 230 ms after their requests, with the converter's delay. So if an
// accepted response was another master's, ours arrives within this time, and the accepted one becomes
// suspect.
inline constexpr std::chrono::milliseconds serial_response_time_max{300};

// Decides on a serial line whether a response belongs to the pending request, whether it may be accepted, and
// which accepted responses become suspect by later traffic (docs/design/serial-line.md). Use: call belongs()
// and judge_response() for each response, the other functions for what else arrives. Results are reports,
// counters and changes of the queue in the given state.
//
// Invariant: an accepted response becomes suspect at most once, and within two seconds.
class RtuResponseJudge {
 public:
  explicit RtuResponseJudge(ConversationState& state) : state_(state) {}

  // Whether the frame has the unit id, the function and the size of the pending request's response.
  bool belongs(const modbus::RtuFrame& response) const;
  // Accepts a response that belongs to the pending request, or requests it again with another count.
  // `stray_bytes_are_frequent`: StrayBytes::are_frequent().
  void judge_response(const modbus::RtuFrame& response, bool stray_bytes_are_frequent, SteadyTime now);
  // Handles an exception; false if it does not belong to the pending request. It names neither registers nor
  // count, so it is accepted at once only if no other exception can arrive.
  bool judge_exception(const modbus::RtuFrame& exception, SteadyTime now);
  // Handles a response that does not belong to the pending request. The responses that were accepted for an
  // equal unit id, function and size become suspect.
  UnexpectedResponse judge_unexpected(const modbus::RtuFrame& response, SteadyTime now);

  // Bytes that begin no complete frame follow the last received bytes without a pause.
  void bytes_followed(SteadyTime now);
  // state.received begins with bytes that are no frame.
  void stray_bytes_received(SteadyTime now);
  // As stray_bytes_received(), for bytes that begin no response.
  void suspect_last_response(SteadyTime now);
  void connection_closed(SteadyTime now);

  // Ends the pending request without a response, which may still arrive.
  void finish_without_response(boost::system::error_code error, boost::system::error_code cause,
                               SteadyTime now);
  // The deadline of a pending request with an unconfirmed exception has passed: accepts the exception.
  void accept_exception(std::size_t index, SteadyTime now);
  void withdraw(const TransactionHandler& handler);

  DistinctCounts& counts() { return counts_; }

 private:
  // An accepted response that may still become suspect.
  struct AcceptedResponse {
    TransactionHandler* handler = nullptr;
    modbus::ReadRequest wanted;
    modbus::ReadRequest request;
    std::size_t fingerprint = 0;
    RegisterBytes registers;  // the wanted ones
    bool proven = false;      // a suspect response with another count agreed with it
    SteadyTime sent_at{};
    SteadyTime at{};
  };
  // A response that became suspect. Its read is repeated.
  struct SuspectResponse {
    TransactionHandler* handler = nullptr;
    modbus::ReadRequest wanted;
    std::uint16_t count = 0;
    RegisterBytes registers;
    SteadyTime at{};
  };

  bool agrees_with_suspect(const AcceptedResponse& accepted, bool stray_bytes_are_frequent, SteadyTime now);
  void suspect(std::vector<AcceptedResponse>::const_iterator accepted, SteadyTime now);

  ConversationState& state_;
  DistinctCounts counts_{DistinctCounts::Scope::unit};
  std::vector<AcceptedResponse> accepted_;
  std::vector<SuspectResponse> suspects_;
  SteadyTime suspected_for_{};        // last_byte_at of the stray bytes that last made a response suspect
  SteadyTime other_traffic_until_{};  // until then another response may have arrived besides ours
};

}  // namespace gensetd::link
