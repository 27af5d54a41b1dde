#pragma once

#include "link/actions.hpp"
#include "link/busy_time.hpp"
#include "link/close_after_responses.hpp"
#include "link/counters.hpp"
#include "link/distinct_counts.hpp"
#include "link/last_values.hpp"
#include "link/retry_policy.hpp"
#include "link/transaction.hpp"
#include "modbus/frame.hpp"
#include "modbus/read_request.hpp"
#include "modbus/tcp_frame.hpp"

#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

namespace gensetd::link {

// After a sign of trouble (a late response, a request without response) it is remembered for this long.
inline constexpr std::chrono::minutes trouble_memory{10};

// A submitted transaction that is not sent, with what is known from its earlier requests.
struct QueuedTransaction {
  TransactionHandler* handler = nullptr;
  Transaction transaction;
  int round = 0;            // how many transactions of the same handler were queued before this one
  bool was_resent = false;  // its first connection turned out to be closed
  int confirmations = 0;    // how many responses were not accepted yet
  bool exception_unconfirmed = false;       // an exception was not accepted yet
  RegisterBytes unconfirmed;                // the last response that was not accepted, empty: none,
  modbus::ReadRequest unconfirmed_request;  // and its request
  std::size_t unconfirmed_fingerprint = 0;
  SteadyTime unconfirmed_at{};
};

// A request that was sent and still waits for its response.
struct PendingRequest {
  QueuedTransaction queued;     // its handler is null after it withdrew
  modbus::ReadRequest request;  // as sent; may be longer or shorter than the transaction's
  std::uint16_t transaction_id = 0;
  SteadyTime sent_at{};
  SteadyTime deadline{};
  std::size_t bytes_received = 0;
  std::optional<modbus::Mismatch> mismatch;  // of bytes that arrived instead of the response
  std::optional<std::uint8_t> other_unit;
  std::optional<std::uint16_t> other_transaction;
  std::optional<std::uint16_t> other_count;
  std::optional<std::uint8_t> exception;  // serial line: may be the response to an earlier request
  bool must_agree = false;                // others use its register count: two responses must agree
  bool may_be_copy = false;    // an equal response may be a copy of the unconfirmed one: it confirms nothing
  bool has_own_count = false;  // the register count distinguishes its response
  bool is_echoed = false;      // the same request was received after it was sent
  bool has_foreign_twin = false;  // another master sent the same request: two responses may arrive
};

// Why a request has no response, from what arrived instead.
boost::system::error_code missing_response_error(const PendingRequest& pending);

// The state of one connection that RTU and Modbus TCP have in common: queue, pending requests, received
// bytes, reports and counters. No socket and no clock.
struct ConversationState {
  // A flat map with space for one entry inside: most connections have one unit.
  using Units =
      boost::container::flat_map<std::uint8_t, UnitCounters, std::less<>,
                                 boost::container::small_vector<std::pair<std::uint8_t, UnitCounters>, 1>>;

  // Handlers take turns: no handler's second transaction is before another handler's first.
  void enqueue(TransactionHandler& handler, const Transaction& transaction);
  // Removes the handler's transactions and reports. A pending request stays, without its handler.
  void withdraw(const TransactionHandler& handler);
  std::optional<Action> next_report();

  // Ends a pending request and queues its report. Sets the outcome's request, latency and new_connection.
  void finish(std::size_t index, Outcome outcome, SteadyTime now);
  // finish() for a request that got no acceptable response: adds what was observed instead.
  void finish_with_error(std::size_t index, boost::system::error_code error, boost::system::error_code cause,
                         SteadyTime now);
  // Puts the transaction of a pending request back to the front of the queue.
  void request_again(std::size_t index, SteadyTime now);
  void remove_pending(std::size_t index, SteadyTime now);

  // Whether a response may be accepted (check_response). If not, it is remembered in `request` to be compared
  // with the next one. If it was confirmed, `counts` is notified.
  bool is_acceptable(PendingRequest& request, std::size_t fingerprint, std::span<const std::uint8_t> bytes,
                     DistinctCounts& counts, SteadyTime now);
  // Discards unconfirmed responses for which `matches` is true: their reads start again.
  template <class Matches>
  void forget_unconfirmed(Matches matches) {
    for (QueuedTransaction& entry : queue) {
      if (!entry.unconfirmed.empty() && matches(entry)) entry.unconfirmed.clear();
    }
    for (PendingRequest& entry : pending) {
      if (!entry.queued.unconfirmed.empty() && matches(entry.queued)) entry.queued.unconfirmed.clear();
    }
  }

  // Records why received bytes are not the response to any pending request.
  void record_mismatch(modbus::Mismatch why);
  void record_late_response(std::uint8_t unit_id, std::chrono::nanoseconds latency, SteadyTime now);
  // Removes the first bytes of `received`.
  void discard(std::size_t length);
  UnitCounters& unit(std::uint8_t unit_id) { return units[unit_id]; }
  // A response or an exception to a request of this connection arrived.
  void note_response(SteadyTime now) {
    reopening.responded();
    close_after_responses.responded(now);
  }
  // Another master or client uses this serial line.
  bool is_shared(SteadyTime now) const { return shared_until > now; }

  // Space for one entry is inside these, so that all data of a request is close together in memory.
  boost::container::small_vector<QueuedTransaction, 1> queue;
  boost::container::small_vector<PendingRequest, 1> pending;
  boost::container::small_vector<Action, 1>
      reports;  // Report and ReportSuspect that next() has yet to return
  boost::container::small_vector<std::uint8_t, modbus::tcp_frame_max> received;
  std::array<std::uint8_t, 2 * modbus::registers_per_request_max> registers{};  // of the Report in `reports`

  Reopening reopening;
  CloseAfterResponses close_after_responses;
  bool must_close = false;       // next() returns Close
  bool is_fresh = true;          // no request has ended on this connection yet
  bool is_serial_line = false;   // the last request was sent as RTU
  bool last_was_echoed = false;  // the last request that ended was echoed: the line returns sent bytes
  SteadyTime last_byte_at{};     // sent or received
  SteadyTime received_since{};   // when the first byte of `received` arrived
  SteadyTime shared_until{};
  LastValues values;
  Units units;
  LineCounters line;
  BusyTime busy;

 private:
  // The newest response of a unit that arrived after the end of its request.
  struct LateResponse {
    std::chrono::milliseconds latency{0};
    SteadyTime at{};
  };

  Observations observations_of(const PendingRequest& request, SteadyTime now) const;

  boost::container::flat_map<std::uint8_t, LateResponse> late_;
};

}  // namespace gensetd::link
