#pragma once

#include "link/busy_time.hpp"
#include "link/distinct_counts.hpp"
#include "link/last_values.hpp"
#include "link/response_times.hpp"
#include "link/retry_policy.hpp"
#include "link/stray_bytes.hpp"
#include "link/transaction.hpp"
#include "modbus/frame.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gensetd::link {

// What a line does next.
struct Connect {
  std::chrono::milliseconds timeout;
};
struct Send {
  std::array<std::uint8_t, modbus::tcp_request_length> bytes{};
  std::size_t length = 0;
  bool at_once = false;  // on a serial line, where it counts what came before it and what behind; else soon
};
struct Tell {
  Requester* requester;
  Outcome outcome;
};
struct Doubt {
  Requester* requester;
  modbus::ReadRequest request;
};
struct Close {};  // the peer is silent for too long: connect anew
struct Wait {
  SteadyTime until;  // unless something happens before
};
using Action = std::variant<Connect, Send, Tell, Doubt, Close, Wait>;

// At sites an answer came 140 to 230 ms after its request, the converter's packing included. If the one that
// was taken was somebody else's, ours comes by then, and brings it into doubt.
inline constexpr std::chrono::milliseconds serial_answer_time_max{300};

// How often a response that does not carry on from the last ones is confirmed before it counts all the same.
inline constexpr int confirmations_max = 4;

// All decisions on one connection to one host:port, without socket and clock: whose turn it is, what is sent
// when, which bytes are whose answer, when waiting ends. Use: report what happens (opened, heard, ...), each
// time with `now`, which never goes back, and do what next() says until it says Wait.
//
// Invariants: at most one request is under way on a serial line, and as many as allowed over Modbus TCP;
// each transaction ends in one Tell, unless withdrawn; each wait has an end.
class Conversation {
 public:
  void submit(Requester& requester, const Transaction& transaction);
  void withdraw(Requester& requester);  // nothing more for it

  // `first_transaction_id`: drawn at random for each connection, as a gateway may copy the responses to other
  // clients, many of which count from 1.
  // Without it transaction ids go on from those of the last connection.
  void opened(SteadyTime now, std::optional<std::uint16_t> first_transaction_id = std::nullopt);
  // No connection could be had: all who wait are told so, as each would else cost a timeout of its own.
  void unreachable(boost::system::error_code error, boost::system::error_code cause, SteadyTime now);
  void closed(boost::system::error_code cause, SteadyTime now);  // by the peer, or as next() said
  void heard(std::span<const std::uint8_t> bytes, SteadyTime now);

  // Judges time too: whoever waited calls it when all that has arrived was heard, and the connection had
  // nothing more.
  Action next(SteadyTime now);

  std::size_t waiting() const { return waiting_.size(); }
  bool connected() const { return connected_; }
  // Somebody else is on this serial line: a frame of theirs came within ten minutes.
  bool shared(SteadyTime now) const { return shared_until_ > now; }
  // How long after an answer it may still turn out to be somebody else's, as far as it can.
  std::chrono::milliseconds settling_time(std::chrono::milliseconds request_gap, SteadyTime now) const;
  // When the last bytes will be known to be a frame or none, if they are not yet; on a serial line.
  std::optional<SteadyTime> undecided_until() const { return silence_at(); }

  // What is unusual about the bytes around responses, for people; empty: nothing.
  std::string stray_bytes() const { return strays_ ? strays_->description() : std::string{}; }

  // In place as long as there is one.
  using Units =
      boost::container::flat_map<std::uint8_t, Counters, std::less<>,
                                 boost::container::small_vector<std::pair<std::uint8_t, Counters>, 1>>;
  const Units& units() const { return units_; }
  Counters sum_of_units() const;  // of those of others too
  const LineCounters& line() const { return line_; }
  const BusyTime& busy() const { return busy_; }
  // The last frame that was not for us, for people; kind `other` and unit 0 before the first.
  const modbus::RtuFrame& last_foreign() const { return last_foreign_; }
  std::optional<SteadyTime> last_foreign_at() const { return last_foreign_at_; }

 private:
  struct Waiting {
    Requester* requester = nullptr;
    Transaction transaction;
    int round = 0;                        // how many of the same requester stood before it when it came
    bool resent = false;                  // after its connection turned out to be closed
    int confirmations = 0;                // answers that were not believed yet
    bool refused = false;                 // an exception was not believed yet
    RegisterBytes unconfirmed;            // the last one of them,
    modbus::ReadRequest unconfirmed_ask;  // and to what
    std::size_t unconfirmed_print = 0;
    SteadyTime unconfirmed_at{};
  };
  struct InFlight {
    Waiting who;  // requester is null when it withdrew
    modbus::ReadRequest asked;
    std::uint16_t transaction_id = 0;
    SteadyTime sent_at{};
    SteadyTime deadline{};
    std::size_t bytes_heard = 0;
    std::optional<modbus::Mismatch> mismatch;
    std::optional<std::uint8_t> other_unit;
    std::optional<std::uint16_t> other_transaction;
    std::optional<std::uint16_t> other_count;
    std::optional<std::uint8_t> exception;  // perhaps to an earlier request
    bool must_agree = false;                // its count is others' too
    bool has_own_count = false;             // the register count distinguishes its response
    bool echoed = false;                    // the very same request was heard after it
    bool has_twin = false;                  // of somebody else: two answers may come
  };
  // A response that was taken and came into doubt, while the read is repeated.
  struct Doubted {
    Requester* requester = nullptr;
    modbus::ReadRequest wanted;
    std::uint16_t count = 0;
    RegisterBytes registers;
    SteadyTime at{};
  };
  // An answer that was taken lately.
  struct Taken {
    Requester* requester = nullptr;
    modbus::ReadRequest wanted;
    modbus::ReadRequest asked;
    std::size_t print = 0;    // of its registers: CRCs of different ones are equal too often
    RegisterBytes registers;  // those wanted
    bool proven = false;      // another response, by another count, agreed with it
    SteadyTime sent_at{};
    SteadyTime at{};
  };

  // A request over Modbus TCP whose response may still arrive.
  struct GivenUp {
    std::uint16_t transaction_id = 0;
    std::uint8_t unit_id = 0;
    SteadyTime sent_at{};
  };
  // The newest response of a unit that arrived after its request was given up.
  struct Late {
    std::chrono::milliseconds latency{0};
    SteadyTime at{};
  };

  std::optional<Action> next_told();
  void expire(SteadyTime now);
  std::optional<Send> next_send(SteadyTime now, SteadyTime& wake);
  DistinctCounts::Choice choose(const Waiting& who, SteadyTime now);
  std::optional<Send> try_start(std::size_t index, SteadyTime now, SteadyTime& wake);
  std::chrono::milliseconds response_time(const Transaction& transaction) const;
  bool is_quiet(const Transaction& transaction, SteadyTime now, SteadyTime& wake);
  bool has_room_for(const Transaction& transaction) const;
  Send start(std::size_t index, const modbus::ReadRequest& asked, bool must_agree, SteadyTime now);
  std::optional<SteadyTime> silence_at() const;

  void look(bool silent, SteadyTime now);
  void look_at_tcp(SteadyTime now);
  void look_at_rtu(bool silent, SteadyTime now);
  void rtu_frame(const modbus::RtuFrame& frame, SteadyTime now);
  bool take_answer(const modbus::RtuFrame& frame, SteadyTime now);
  void doubt(std::vector<Taken>::const_iterator taken, SteadyTime now);
  void doubt_if_behind_answer(SteadyTime now);
  void stray_byte(SteadyTime now);
  bool drop_known_strays();
  void begin_run(StrayBytes::Place place, SteadyTime now);
  void judge_pending_run(SteadyTime now);
  StrayBytes& strays();
  void doubt_last_by_garbage(SteadyTime now);
  bool agrees_with_doubted(const Taken& taken, SteadyTime now);
  void doubt_by_garbage(SteadyTime now);
  void doubt_what_was_cut_off(SteadyTime now);
  bool is_believed(InFlight& asked, std::size_t print, std::span<const std::uint8_t> registers,
                   SteadyTime now);
  template <class IsMeant>
  void forget_unconfirmed(IsMeant is_meant);
  void ask_again(std::size_t index, SteadyTime now);
  bool take_exception(const modbus::RtuFrame& frame, SteadyTime now);
  void stray_answer(const modbus::RtuFrame& frame, SteadyTime now);
  void foreign_request(const modbus::RtuFrame& frame, SteadyTime now);
  void foreign_frame(const modbus::RtuFrame& frame, SteadyTime now);
  void note(modbus::Mismatch why);
  void drop(std::size_t length);
  void take_tcp(std::size_t index, const modbus::Answer& answer, SteadyTime now);
  bool may_be_about_others(const InFlight& asked) const;
  void refused_tcp(std::size_t index, const modbus::Refused& refusal, SteadyTime now);
  void stray_tcp(const modbus::TcpFrame& frame, SteadyTime now);
  void out_of_step(std::size_t index, const modbus::TcpFrame& frame, SteadyTime now);

  void finish(std::size_t index, Outcome outcome, SteadyTime now);
  void end_flight(std::size_t index, SteadyTime now);
  void finish_unanswered(std::size_t index, boost::system::error_code error, boost::system::error_code cause,
                         SteadyTime now);
  boost::system::error_code reason(const InFlight& asked) const;
  Counters& unit(std::uint8_t unit_id) { return units_[unit_id]; }
  static bool is_serial(const Transaction& transaction) {
    return transaction.protocol == modbus::Protocol::rtu_over_tcp;
  }
  // More than one unit id behind a Modbus TCP connection.
  bool is_gateway() const { return is_gateway_; }
  // Whether register counts must distinguish the responses of a Modbus TCP connection.
  bool is_wary(SteadyTime now) const { return is_gateway() || now < wary_until_; }
  void be_wary(SteadyTime now);
  DistinctCounts& counts_of(const Transaction& transaction);
  bool has_counts(const Transaction& transaction, SteadyTime now) const {
    return is_serial(transaction) || is_wary(now);
  }
  void give_up(const InFlight& asked);
  void note_late(std::uint8_t unit_id, std::chrono::nanoseconds latency, SteadyTime now);
  Seen seen_by(const InFlight& asked, SteadyTime now) const;

  // In place as long as there is one of each: what a request touches lies together.
  boost::container::small_vector<Waiting, 1> waiting_;
  boost::container::small_vector<InFlight, 1> in_flight_;
  boost::container::small_vector<Action, 1> told_;  // Tell and Doubt that next() has not given yet
  boost::container::small_vector<std::uint8_t, modbus::tcp_frame_max> received_;
  std::array<std::uint8_t, 2 * modbus::registers_per_request_max> registers_{};  // of the Tell under way

  std::vector<Taken> taken_;      // on a serial line
  std::vector<Doubted> doubted_;  // likewise
  // Bytes that are no frame, since the last frame or request; on a serial line.
  std::vector<std::uint8_t> run_;
  StrayBytes::Place run_place_ = StrayBytes::Place::before;
  bool run_is_rest_ = false;            // of a damaged response: not stray
  bool run_is_pending_ = false;         // judged when it is whole
  std::unique_ptr<StrayBytes> strays_;  // of a serial line
  boost::container::flat_map<std::uint8_t, ResponseTimes> response_times_;  // of the units of a serial line

  bool connected_ = false;
  bool connecting_ = false;
  bool close_wanted_ = false;
  bool fresh_ = true;    // nothing was sent on this connection yet
  bool serial_ = false;  // by the transaction that was sent last
  Reopening reopening_;
  boost::container::flat_map<Requester*, std::chrono::milliseconds> connect_delays_;
  std::uint16_t transaction_id_ = 0;
  std::bitset<256> submitted_units_;                                                     // over Modbus TCP
  std::array<modbus::ReadRequest, DistinctCounts::turns_of_gateway> recent_requests_{};  // likewise; a ring
  std::uint64_t requests_over_tcp_ = 0;
  bool is_gateway_ = false;
  SteadyTime wary_until_{};
  SteadyTime out_of_step_until_{};  // until then two responses of a gateway must agree
  std::vector<GivenUp> given_up_;   // Modbus TCP: the newest requests without response
  boost::container::flat_map<std::uint8_t, Late> late_;
  SteadyTime sent_at_{};                      // of the last request
  SteadyTime last_byte_{};                    // sent or heard
  SteadyTime received_since_{};               // of what is not judged yet
  SteadyTime doubted_for_{};                  // the last_byte_ of garbage that has brought one into doubt
  std::optional<SteadyTime> quiet_deadline_;  // when a line that is never quiet is asked all the same
  SteadyTime hold_until_{};                   // somebody else's request is being answered
  std::uint8_t hold_unit_ = 0;
  bool echoes_ = false;  // the line gives back what is sent: it did so at the last request
  SteadyTime shared_until_{};
  SteadyTime suspicious_until_{};  // until then an answer may have come beside ours
  std::optional<SteadyTime> last_foreign_at_;
  modbus::RtuFrame last_foreign_;

  DistinctCounts counts_{DistinctCounts::Scope::unit};  // of a serial line
  std::unique_ptr<DistinctCounts> gateway_counts_;      // of Modbus TCP, once they are needed
  LastValues values_;
  Units units_;
  LineCounters line_;
  BusyTime busy_;
};

}  // namespace gensetd::link
