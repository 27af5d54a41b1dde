#pragma once

#include "link/actions.hpp"
#include "link/busy_time.hpp"
#include "link/conversation_state.hpp"
#include "link/rtu_conversation.hpp"
#include "link/tcp_conversation.hpp"
#include "link/transaction.hpp"
#include "modbus/rtu_frame.hpp"

#include <boost/container/flat_map.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace gensetd::link {

// All decisions about one connection to one host:port, without a socket and without a clock: whose turn it
// is, what is sent when, which bytes are the response to which request, when waiting ends. Use: report events
// (submit(), opened(), received(), closed(), ...), each with `now`, which never goes back, and execute the
// actions that next() returns until it returns Wait. What received bytes mean is decided by RtuConversation
// and TcpConversation.
//
// Invariants: at most one request is pending on a serial line, and as many as allowed over Modbus TCP; each
// transaction ends with one Report, unless it is withdrawn; each wait has an end.
class Conversation {
 public:
  Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  void submit(TransactionHandler& handler, const Transaction& transaction);
  void withdraw(TransactionHandler& handler);  // no more reports for it

  // `first_transaction_id`: drawn at random for each connection, because a gateway may copy responses to
  // other clients, many of which count from 1. If it is absent, transaction ids continue from the last
  // connection.
  void opened(SteadyTime now, std::optional<std::uint16_t> first_transaction_id = std::nullopt);
  // Connecting failed: all queued transactions end, because each would otherwise cost another timeout.
  void unreachable(boost::system::error_code error, boost::system::error_code cause, SteadyTime now);
  void closed(boost::system::error_code cause, SteadyTime now);  // by the peer, or after Close
  void received(std::span<const std::uint8_t> bytes, SteadyTime now);

  // Also expires deadlines, so call it only after reading everything that is available on the socket.
  Action next(SteadyTime now);

  std::size_t queued() const { return state_.queue.size(); }
  bool connected() const { return connected_; }
  // Another master or client uses this serial line: one of its frames arrived within ten minutes.
  bool shared(SteadyTime now) const { return state_.is_shared(now); }
  // How long after a response it may still turn out to be another master's.
  std::chrono::milliseconds settling_time(std::chrono::milliseconds request_gap, SteadyTime now) const;
  // Serial line: when it will be known whether the last bytes are a frame; none if it is known.
  std::optional<SteadyTime> undecided_until() const { return rtu_.silence_at(); }

  // A text for people about unusual bytes around responses; empty: there are none.
  std::string stray_bytes() const { return rtu_.stray_bytes(); }

  using Units = ConversationState::Units;
  const Units& units() const { return state_.units; }
  UnitCounters sum_of_units() const;  // including units of other masters
  const LineCounters& line() const { return state_.line; }
  const BusyTime& busy() const { return state_.busy; }
  // The last foreign frame, for people; kind `other` and unit 0 before the first one.
  const modbus::RtuFrame& last_foreign() const { return rtu_.last_foreign(); }
  std::optional<SteadyTime> last_foreign_at() const { return rtu_.last_foreign_at(); }

 private:
  void process_received(bool silent, SteadyTime now);
  void expire(SteadyTime now);
  std::optional<Send> next_send(SteadyTime now, SteadyTime& wake);
  std::optional<Send> try_start(std::size_t index, SteadyTime now, SteadyTime& wake);
  void finish_unsent(std::size_t index, boost::system::error_code error);
  DistinctCounts::Choice choose(const QueuedTransaction& queued, SteadyTime now);
  bool would_repeat_unconfirmed(const QueuedTransaction& queued, const modbus::ReadRequest& request,
                                SteadyTime now);
  std::chrono::milliseconds response_timeout(const Transaction& transaction) const;
  bool is_quiet(const Transaction& transaction, SteadyTime now, SteadyTime& wake);
  bool can_start(const Transaction& transaction) const;
  Send start(std::size_t index, const modbus::ReadRequest& request, bool must_agree, SteadyTime now);

  void finish_without_response(std::size_t index, boost::system::error_code error,
                               boost::system::error_code cause, SteadyTime now);
  DistinctCounts& counts_of(const Transaction& transaction);
  bool uses_distinct_counts(const Transaction& transaction, SteadyTime now) const {
    return is_serial(transaction) || tcp_.uses_distinct_counts(now);
  }

  ConversationState state_;
  RtuConversation rtu_{state_};
  TcpConversation tcp_{state_};
  bool connected_ = false;
  bool connecting_ = false;
  bool is_closing_ = false;  // next() has returned Close for this connection
  boost::container::flat_map<TransactionHandler*, std::chrono::milliseconds> connect_delays_;
  SteadyTime sent_at_{};                      // of the last request
  std::optional<SteadyTime> quiet_deadline_;  // a line that is never silent is used at this time anyway
};

}  // namespace gensetd::link
