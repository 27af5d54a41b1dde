#include "link/conversation.hpp"

#include "link/error.hpp"
#include "modbus/big_endian.hpp"
#include "modbus/error.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

// Turns, deadlines, and the life of the connection. What bytes are stands in listening.cpp.
namespace gensetd::link {
namespace {

using boost::system::error_code;
using modbus::ReadRequest;
using std::chrono::milliseconds;

// Where others are, theirs may also come after ours and be what was asked.
constexpr milliseconds settling_when_shared{250};

template <class Entries, class IsGone>
void erase_if(Entries& entries, IsGone is_gone) {
  const auto gone = std::ranges::remove_if(entries, is_gone);
  entries.erase(gone.begin(), gone.end());
}

}  // namespace

void Conversation::submit(Requester& requester, const Transaction& transaction) {
  Waiting entry{.requester = &requester, .transaction = transaction};
  entry.round = static_cast<int>(
      std::ranges::count_if(waiting_, [&](const Waiting& other) { return other.requester == &requester; }));
  // Turns go round by requester: nobody's second transaction stands before anybody's first.
  const auto place =
      std::ranges::find_if(waiting_, [&](const Waiting& other) { return other.round > entry.round; });
  waiting_.insert(place, std::move(entry));
  if (!is_serial(transaction) && !is_gateway_) {
    submitted_units_.set(transaction.request.unit_id);
    is_gateway_ = submitted_units_.count() > 1;
  }
  if (transaction.connect_delay.count() > 0) {
    connect_delays_[&requester] = transaction.connect_delay;
  } else if (!connect_delays_.empty()) {
    connect_delays_.erase(&requester);
  }
}

void Conversation::withdraw(Requester& requester) {
  erase_if(waiting_, [&](const Waiting& entry) { return entry.requester == &requester; });
  erase_if(taken_, [&](const Taken& entry) { return entry.requester == &requester; });
  erase_if(doubted_, [&](const Doubted& entry) { return entry.requester == &requester; });
  connect_delays_.erase(&requester);
  erase_if(told_, [&](const Action& action) {
    const auto* tell = std::get_if<Tell>(&action);
    const auto* doubt = std::get_if<Doubt>(&action);
    return (tell != nullptr && tell->requester == &requester) ||
           (doubt != nullptr && doubt->requester == &requester);
  });
  // What is under way goes on: the line is not free before its answer came, or can no longer come.
  for (InFlight& asked : in_flight_) {
    if (asked.who.requester == &requester) asked.who.requester = nullptr;
  }
}

void Conversation::opened(SteadyTime now, std::optional<std::uint16_t> first_transaction_id) {
  connected_ = true;
  connecting_ = false;
  close_wanted_ = false;
  fresh_ = true;
  reopening_.opened(now);
  if (first_transaction_id) {
    transaction_id_ = static_cast<std::uint16_t>(*first_transaction_id - 1);
    given_up_.clear();
  }
  received_.clear();
  last_byte_ = now;
  quiet_deadline_.reset();
  ++line_.connects;
}

void Conversation::unreachable(error_code error, error_code cause, SteadyTime) {
  connecting_ = false;
  for (const Waiting& who : waiting_) {
    told_.push_back(
        Tell{who.requester, {.request = who.transaction.request, .error = error, .cause = cause}});
  }
  waiting_.clear();
}

void Conversation::closed(error_code cause, SteadyTime now) {
  if (!connected_) return;
  connected_ = false;
  close_wanted_ = false;
  received_.clear();
  run_.clear();
  run_is_rest_ = run_is_pending_ = false;
  run_place_ = StrayBytes::Place::before;
  doubt_what_was_cut_off(now);
  ++line_.connections_lost;
  const bool was_fresh = std::exchange(fresh_, true);
  while (!in_flight_.empty()) {
    InFlight& last = in_flight_.back();
    // A connection that was closed while it was idle says so only now: that is no failure of the device.
    if (was_fresh || last.who.resent || last.bytes_heard != 0 || last.who.requester == nullptr) {
      finish_unanswered(in_flight_.size() - 1, Error::connection_lost, cause, now);
      continue;
    }
    // As in finish_unanswered(): only through a gateway its response may arrive on the next connection.
    if (last.has_own_count && (is_serial(last.who.transaction) || is_gateway()))
      counts_of(last.who.transaction).unanswered(last.who.transaction.request, last.asked, now);
    last.who.resent = true;
    last.who.round = 0;
    waiting_.insert(waiting_.begin(), last.who);
    end_flight(in_flight_.size() - 1, now);
  }
}

void Conversation::heard(std::span<const std::uint8_t> bytes, SteadyTime now) {
  if (bytes.empty() || !connected_) return;
  expire(now);
  // When they came nobody knows, only when they were read: no silence before them is proven.
  last_byte_ = now;
  if (received_.empty()) received_since_ = now;
  reopening_.received_bytes();
  for (InFlight& asked : in_flight_) asked.bytes_heard += bytes.size();
  received_.insert(received_.end(), bytes.data(), bytes.data() + bytes.size());
  look(false, now);
}

Action Conversation::next(SteadyTime now) {
  if (auto told = next_told()) return *told;
  // What was not complete before a silence never will be.
  const auto silence = silence_at();
  look(silence && *silence <= now, now);
  expire(now);
  if (auto told = next_told()) return *told;
  if (std::exchange(close_wanted_, false)) return Close{};

  SteadyTime wake = SteadyTime::max();
  if (!connected_ && !connecting_ && !waiting_.empty()) {
    connecting_ = true;
    return Connect{waiting_.front().transaction.timeout};
  }
  if (connected_) {
    if (auto send = next_send(now, wake)) return *send;
    if (auto told = next_told()) return *told;
  }
  for (const InFlight& asked : in_flight_) wake = std::min(wake, asked.deadline);
  if (const auto quiet = silence_at()) wake = std::min(wake, *quiet);
  return Wait{wake};
}

std::optional<Action> Conversation::next_told() {
  if (told_.empty()) return std::nullopt;
  const Action told = told_.front();
  told_.erase(told_.begin());
  return told;
}

// Ends what has waited long enough. What came until then has had its time too, whole or not.
void Conversation::expire(SteadyTime now) {
  const bool is_over =
      std::ranges::any_of(in_flight_, [&](const InFlight& asked) { return asked.deadline <= now; });
  if (is_over) look(true, now);
  for (std::size_t index = in_flight_.size(); index-- > 0;) {
    InFlight& asked = in_flight_[index];
    if (asked.deadline > now) continue;
    if (asked.exception) {
      Outcome outcome{.error = modbus::Error::exception_answer, .exception = *asked.exception};
      ++unit(asked.asked.unit_id).exceptions;
      counts_.unanswered(asked.who.transaction.request, asked.asked, now);
      finish(index, outcome, now);
      continue;
    }
    ++unit(asked.asked.unit_id).timeouts;
    if (reopening_.failed(asked.bytes_heard == 0, asked.sent_at, now)) close_wanted_ = true;
    const error_code why = reason(asked);
    finish_unanswered(index, why, {}, now);
  }
}

// The first transaction that may be sent now. `wake`: when it is worth looking again, at the latest.
std::optional<Send> Conversation::next_send(SteadyTime now, SteadyTime& wake) {
  if (waiting_.empty()) quiet_deadline_.reset();  // who was waiting for silence has gone
  for (std::size_t index = 0; index < waiting_.size();) {
    const std::size_t before = waiting_.size();
    if (auto send = try_start(index, now, wake)) return send;
    if (waiting_.size() == before) ++index;
  }
  return std::nullopt;
}

std::optional<Send> Conversation::try_start(std::size_t index, SteadyTime now, SteadyTime& wake) {
  const Transaction& transaction = waiting_[index].transaction;
  if (!has_room_for(transaction)) return std::nullopt;
  ReadRequest asked = transaction.request;
  bool must_agree = false;
  if (has_counts(transaction, now)) {
    const DistinctCounts::Choice choice = choose(waiting_[index], now);
    if (!choice.request) {
      told_.push_back(Tell{waiting_[index].requester,
                           {.request = transaction.request, .error = Error::indistinguishable}});
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
      return std::nullopt;
    }
    if (choice.not_before - now > transaction.hold_max) {
      told_.push_back(
          Tell{waiting_[index].requester, {.request = transaction.request, .error = Error::not_repeated}});
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
      return std::nullopt;
    }
    if (choice.not_before > now) {
      wake = std::min(wake, choice.not_before);
      return std::nullopt;
    }
    asked = *choice.request;
    must_agree = choice.must_agree || (is_gateway() && now < out_of_step_until_);
  }
  if (!is_quiet(transaction, now, wake)) return std::nullopt;
  return start(index, asked, must_agree, now);
}

// What is asked for a transaction whose response needs a count of its own: all of it, or a part that confirms
// an answer.
DistinctCounts::Choice Conversation::choose(const Waiting& who, SteadyTime now) {
  const Transaction& transaction = who.transaction;
  if (who.refused || who.unconfirmed.size() == 2U * transaction.request.count) {
    if (const auto part = counts_of(transaction).choose_part(transaction.request, now)) return {part, now};
  }
  // Behind a gateway that was out of step more counts take turns: when it is so again, requests follow each
  // other fast. Where responses are only lost, longer reads would fail at controllers that are silent to
  // registers that they do not know (field notes, 8).
  const std::uint16_t turns = !is_gateway()              ? std::uint16_t{1}
                              : now < out_of_step_until_ ? modbus::registers_per_request_max
                                                         : DistinctCounts::turns_of_gateway;
  return counts_of(transaction).choose(transaction.request, transaction.room, now, turns);
}

bool Conversation::has_room_for(const Transaction& transaction) const {
  if (in_flight_.empty()) return true;
  // A gateway has one serial line behind it.
  return !is_serial(transaction) && !serial_ && !is_gateway() &&
         in_flight_.size() < transaction.requests_in_flight;
}

// Whether the line has been silent for the request gap, and nobody else is being answered. A line that is
// never silent is asked all the same, after the time that an answer may take.
bool Conversation::is_quiet(const Transaction& transaction, SteadyTime now, SteadyTime& wake) {
  SteadyTime quiet_at = in_flight_.empty() ? last_byte_ + transaction.request_gap : now;
  for (const auto& [requester, delay] : connect_delays_)
    quiet_at = std::max(quiet_at, reopening_.opened_at() + delay);
  if (is_serial(transaction)) quiet_at = std::max({quiet_at, hold_until_, silence_at().value_or(quiet_at)});
  if (quiet_at <= now) return true;
  if (!quiet_deadline_) {
    quiet_deadline_ = std::max(now, connect_delays_.empty() ? now : quiet_at) + transaction.timeout;
  }
  if (*quiet_deadline_ <= now) return true;
  wake = std::min({wake, quiet_at, *quiet_deadline_});
  return false;
}

Send Conversation::start(std::size_t index, const ReadRequest& asked, bool must_agree, SteadyTime now) {
  const auto place = waiting_.begin() + static_cast<std::ptrdiff_t>(index);
  InFlight begun{.who = std::move(*place), .asked = asked, .sent_at = now, .must_agree = must_agree};
  waiting_.erase(place);
  for (Waiting& other : waiting_) {
    if (other.requester == begun.who.requester && other.round > 0) --other.round;
  }
  const Transaction& transaction = begun.who.transaction;
  serial_ = is_serial(transaction);
  begun.deadline = now + response_time(transaction);
  Send send;
  if (serial_) {
    std::ranges::copy(modbus::encode_rtu(asked), send.bytes.begin());
    send.length = modbus::rtu_request_length;
    send.at_once = true;
    // On a line that is never silent: the rest of what was before it.
    if (!received_.empty()) doubt_by_garbage(now);
    received_.clear();
    begin_run(StrayBytes::Place::before, now);
  } else {
    begun.transaction_id = ++transaction_id_;
    recent_requests_[requests_over_tcp_++ % recent_requests_.size()] = asked;
    send.bytes = modbus::encode_tcp(asked, begun.transaction_id);
    send.length = modbus::tcp_request_length;
    if (in_flight_.empty()) received_.clear();
  }
  begun.has_own_count = has_counts(transaction, now);
  if (begun.has_own_count) counts_of(transaction).sent(transaction.request, asked, now);
  ++unit(asked.unit_id).requests;
  sent_at_ = now;
  last_byte_ = now;
  quiet_deadline_.reset();
  if (in_flight_.empty()) busy_.begin(now);
  in_flight_.push_back(std::move(begun));
  return send;
}

// How long a request waits for its response.
milliseconds Conversation::response_time(const Transaction& transaction) const {
  if (!is_serial(transaction) || !transaction.repeatable) return transaction.timeout;
  const auto known = response_times_.find(transaction.request.unit_id);
  return known == response_times_.end() ? transaction.timeout : known->second.expected(transaction.timeout);
}

milliseconds Conversation::settling_time(milliseconds request_gap, SteadyTime now) const {
  if (!serial_) return milliseconds{0};
  const milliseconds since_sent = std::chrono::floor<milliseconds>(now - sent_at_);
  const milliseconds least = shared(now) ? settling_when_shared : request_gap;
  return std::max({request_gap, least, serial_answer_time_max - since_sent});
}

void Conversation::finish(std::size_t index, Outcome outcome, SteadyTime now) {
  assert(index < in_flight_.size());
  if (index >= in_flight_.size()) return;
  const auto place = in_flight_.begin() + static_cast<std::ptrdiff_t>(index);
  outcome.request = place->who.transaction.request;
  outcome.latency = now - place->sent_at;
  outcome.new_connection = reopening_.is_new() && now - reopening_.opened_at() <
                                                      new_connection_grace(place->who.transaction.timeout);
  echoes_ = place->echoed;
  fresh_ = false;
  if (place->who.requester != nullptr) told_.push_back(Tell{place->who.requester, outcome});
  end_flight(index, now);
}

void Conversation::end_flight(std::size_t index, SteadyTime now) {
  in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(index));
  if (in_flight_.empty()) busy_.end(now);
}

void Conversation::finish_unanswered(std::size_t index, error_code error, error_code cause, SteadyTime now) {
  const InFlight& asked = in_flight_[index];
  const Transaction& transaction = asked.who.transaction;
  // A response to a request of a Modbus TCP connection that has ended does not arrive on the next one, except
  // through a gateway.
  const bool may_still_arrive = error != Error::connection_lost;
  if (!is_serial(transaction) && may_still_arrive) {
    be_wary(now);
    give_up(asked);
  }
  // When the response to an earlier request came instead, the next requests have other counts anyway.
  const bool is_out_of_step = error == modbus::Error::wrong_length || error == modbus::Error::foreign_answer;
  const bool is_unanswered = may_still_arrive ? !is_out_of_step : is_gateway();
  if (is_serial(transaction) || is_unanswered)
    counts_of(transaction).unanswered(transaction.request, asked.asked, now);
  Outcome outcome{.error = error, .cause = cause, .seen = seen_by(asked, now)};
  if (error == modbus::Error::foreign_answer) outcome.other_unit = asked.other_unit;
  finish(index, outcome, now);
}

// Why there is no answer, by what came instead.
error_code Conversation::reason(const InFlight& asked) const {
  if (!asked.mismatch) {
    return asked.other_transaction ? error_code{modbus::Error::wrong_transaction}
                                   : error_code{Error::no_answer};
  }
  switch (*asked.mismatch) {
    case modbus::Mismatch::broken:
    case modbus::Mismatch::garbage:
      return modbus::Error::broken_answer;
    case modbus::Mismatch::other_protocol:
      return modbus::Error::wrong_protocol;
    default:
      return modbus::Error::foreign_answer;
  }
}

Counters Conversation::sum_of_units() const {
  Counters sum;
  for (const auto& [id, unit] : units_) sum += unit;
  return sum;
}

}  // namespace gensetd::link
