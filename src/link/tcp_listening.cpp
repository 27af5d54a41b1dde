#include "link/conversation.hpp"
#include "link/error.hpp"
#include "modbus/error.hpp"

#include <boost/container_hash/hash.hpp>

#include <algorithm>

// What the frames on a Modbus TCP connection are: our response, or another one.
namespace gensetd::link {
namespace {

using modbus::Mismatch;
using modbus::TcpFrame;
using std::chrono::milliseconds;

// How many requests without response are remembered by transaction id, to recognise their late responses.
constexpr std::size_t given_up_max = 8;

// A frame whose id lies so few ids behind ours is a copy of a response that was taken.
constexpr std::uint16_t copies_behind_max = 16;

// After a sign of trouble register counts distinguish responses for this long.
constexpr std::chrono::minutes wary_time{10};

// A gateway that was out of step will be so again, and then it may return the response to another client's
// request, of whatever length: for this long two responses to different counts must agree.
constexpr std::chrono::hours out_of_step_memory{1};

}  // namespace

void Conversation::be_wary(SteadyTime now) { wary_until_ = now + wary_time; }

DistinctCounts& Conversation::counts_of(const Transaction& transaction) {
  if (is_serial(transaction)) return counts_;
  if (gateway_counts_) return *gateway_counts_;
  gateway_counts_ = std::make_unique<DistinctCounts>(DistinctCounts::Scope::connection);
  // The responses to the requests so far must not be mistaken either.
  const std::uint64_t known = std::min<std::uint64_t>(requests_over_tcp_, recent_requests_.size());
  for (std::uint64_t number = requests_over_tcp_ - known; number < requests_over_tcp_; ++number) {
    const modbus::ReadRequest& request = recent_requests_[number % recent_requests_.size()];
    gateway_counts_->sent(request, request, SteadyTime{});
  }
  return *gateway_counts_;
}

void Conversation::note_late(std::uint8_t unit_id, std::chrono::nanoseconds latency, SteadyTime now) {
  if (latency.count() <= 0) return;
  if (serial_) response_times_[unit_id].note(latency);
  late_[unit_id] = {.latency = std::chrono::ceil<milliseconds>(latency), .at = now};
}

// A frame is compared with a request only when that request is in flight and has the frame's transaction id.
void Conversation::look_at_tcp(SteadyTime now) {
  while (!received_.empty() && told_.empty() && !close_wanted_) {
    const auto has_id = [&](const InFlight& asked) {
      return received_.size() >= 2 && received_[0] == asked.transaction_id >> 8 &&
             received_[1] == (asked.transaction_id & 0xFF);
    };
    const auto place = std::ranges::find_if(in_flight_, has_id);
    const auto index = static_cast<std::size_t>(place - in_flight_.begin());
    if (place != in_flight_.end()) {
      const auto assembled = modbus::assemble_tcp(place->asked, place->transaction_id, received_);
      if (const auto* answer = std::get_if<modbus::Answer>(&assembled)) {
        take_tcp(index, *answer, now);
        continue;
      }
      if (const auto* refusal = std::get_if<modbus::Refused>(&assembled)) {
        refused_tcp(index, *refusal, now);
        continue;
      }
    }
    const modbus::TcpCut cut = modbus::cut_tcp(received_);
    if (const auto* frame = std::get_if<TcpFrame>(&cut)) {
      const std::size_t length = frame->length;
      if (place == in_flight_.end()) {
        stray_tcp(*frame, now);
      } else {
        out_of_step(index, *frame, now);
      }
      drop(length);
      continue;
    }
    // Bytes of an RTU response may be too few for a header of Modbus TCP.
    const auto answers_in_rtu = [&](const InFlight& asked) {
      const auto assembled = modbus::assemble_tcp(asked.asked, asked.transaction_id, received_);
      const auto* not_ours = std::get_if<modbus::NotOurs>(&assembled);
      return not_ours != nullptr && not_ours->why == Mismatch::other_protocol;
    };
    const auto rtu = std::ranges::find_if(in_flight_, answers_in_rtu);
    if (rtu == in_flight_.end() && std::holds_alternative<modbus::Incomplete>(cut)) return;
    line_.garbage_bytes += received_.size();
    received_.clear();
    if (rtu == in_flight_.end()) {
      note(Mismatch::garbage);
    } else {
      finish_unanswered(static_cast<std::size_t>(rtu - in_flight_.begin()), modbus::Error::wrong_protocol, {},
                        now);
    }
  }
}

void Conversation::take_tcp(std::size_t index, const modbus::Answer& answer, SteadyTime now) {
  InFlight& asked = in_flight_[index];
  const Transaction& transaction = asked.who.transaction;
  const modbus::ReadRequest wanted = transaction.request;
  ++unit(asked.asked.unit_id).answers;
  reopening_.answered();
  Outcome outcome;
  if (!asked.has_own_count) {
    std::copy_n(answer.registers.data(), answer.registers.size(), registers_.data());
    outcome.registers = std::span<const std::uint8_t>(registers_).first(answer.registers.size());
    drop(answer.length);
    return finish(index, outcome, now);
  }
  asked.who.refused = false;
  const bool is_part = asked.asked.count < wanted.count;
  auto registers = is_part ? answer.registers : wanted_of(wanted, asked.asked, answer.registers);
  const std::size_t print = boost::hash_range(answer.registers.begin(), answer.registers.end());
  const auto crc = static_cast<std::uint16_t>(print);
  DistinctCounts& counts = counts_of(transaction);
  if (is_gateway() && !is_believed(asked, print, registers, now)) {
    drop(answer.length);
    if (asked.must_agree && asked.who.confirmations > confirmations_max)
      return finish_unanswered(index, modbus::Error::foreign_answer, {}, now);
    ++unit(asked.asked.unit_id).confirmations;
    counts.disbelieved(wanted, asked.asked, crc, now);
    return ask_again(index, now);
  }
  counts.answered(wanted, asked.asked, crc, now);
  if (is_part) registers = asked.who.unconfirmed;
  if (is_gateway()) values_.remember(wanted, registers);
  std::ranges::copy(registers, registers_.begin());
  outcome.registers = std::span<const std::uint8_t>(registers_).first(registers.size());
  drop(answer.length);
  finish(index, outcome, now);
}

// Whether an exception may not be about the wanted registers: it belongs to another request of a gateway, or
// it is about the registers by which the read is longer.
bool Conversation::may_be_about_others(const InFlight& asked) const {
  return asked.has_own_count && (is_gateway() || asked.asked.count > asked.who.transaction.request.count);
}

void Conversation::refused_tcp(std::size_t index, const modbus::Refused& refusal, SteadyTime now) {
  InFlight& asked = in_flight_[index];
  const std::uint8_t exception = refusal.exception;
  reopening_.answered();
  drop(refusal.length);
  // The gateway has given the unit up, or is about to: the unit's response may still arrive.
  const bool may_still_answer =
      exception == 0x05 || exception == 0x06 || exception == 0x0A || exception == 0x0B;
  if (may_still_answer) {
    be_wary(now);
    counts_of(asked.who.transaction).unanswered(asked.who.transaction.request, asked.asked, now);
  } else if (may_be_about_others(asked) &&
             counts_of(asked.who.transaction)
                 .refused(asked.who.transaction.request, asked.asked, exception, now)) {
    ++unit(asked.asked.unit_id).confirmations;
    asked.who.refused = is_gateway();
    return ask_again(index, now);
  }
  ++unit(asked.asked.unit_id).exceptions;
  finish(index, {.error = modbus::Error::exception_answer, .exception = exception}, now);
}

// A frame with a transaction id that no request in flight has.
void Conversation::stray_tcp(const TcpFrame& frame, SteadyTime now) {
  const auto late = std::ranges::find_if(
      given_up_, [&](const GivenUp& entry) { return entry.transaction_id == frame.transaction_id; });
  if (late != given_up_.end()) {
    ++unit(late->unit_id).late_answers;
    note_late(late->unit_id, now - late->sent_at, now);
    given_up_.erase(late);
    return;
  }
  const auto behind = static_cast<std::uint16_t>(transaction_id_ - frame.transaction_id);
  if (behind <= copies_behind_max) {
    ++unit(frame.unit_id).doubled_answers;
    return;
  }
  ++unit(frame.unit_id).foreign_frames;
  for (InFlight& asked : in_flight_) {
    const bool fits = frame.unit_id == asked.asked.unit_id &&
                      frame.function == modbus::read_holding_registers &&
                      frame.register_count() == asked.asked.count;
    if (fits) asked.other_transaction = frame.transaction_id;
  }
}

// A frame with our transaction id that is no response to our request: the gateway or the controller answers
// an earlier request. Every other response on this connection is as doubtful, so all requests fail and the
// connection is reopened.
void Conversation::out_of_step(std::size_t index, const TcpFrame& frame, SteadyTime now) {
  be_wary(now);
  out_of_step_until_ = now + out_of_step_memory;
  InFlight& asked = in_flight_[index];
  ++unit(frame.unit_id).foreign_frames;
  modbus::Error error = modbus::Error::foreign_answer;
  if (frame.unit_id != asked.asked.unit_id) {
    asked.other_unit = frame.unit_id;
  } else if (frame.function == modbus::read_holding_registers && frame.register_count() != 0) {
    error = modbus::Error::wrong_length;
    asked.other_count = frame.register_count();
  }
  close_wanted_ = true;
  finish_unanswered(index, error, {}, now);
  while (!in_flight_.empty()) finish_unanswered(0, modbus::Error::foreign_answer, {}, now);
}

Seen Conversation::seen_by(const InFlight& asked, SteadyTime now) const {
  Seen seen{.transaction_id = asked.other_transaction,
            .own_transaction_id = asked.transaction_id,
            .register_count = asked.other_count,
            .own_register_count = asked.asked.count};
  const auto waited = std::chrono::ceil<milliseconds>(asked.deadline - asked.sent_at);
  if (waited < asked.who.transaction.timeout) seen.waited = waited;
  const auto late = late_.find(asked.asked.unit_id);
  if (late != late_.end() && now - late->second.at < wary_time) seen.late = late->second.latency;
  return seen;
}

void Conversation::give_up(const InFlight& asked) {
  if (given_up_.size() == given_up_max) given_up_.erase(given_up_.begin());
  given_up_.push_back({asked.transaction_id, asked.asked.unit_id, asked.sent_at});
}

}  // namespace gensetd::link
