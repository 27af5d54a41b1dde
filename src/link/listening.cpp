#include "link/conversation.hpp"
#include "link/error.hpp"
#include "modbus/error.hpp"

#include <boost/container_hash/hash.hpp>

#include <algorithm>
#include <ranges>

// What the bytes on a connection are: our answer, somebody else's, or nothing.
namespace gensetd::link {
namespace {

using modbus::Mismatch;
using modbus::RtuFrame;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A converter packs for up to 50 ms (field notes 2); a longer pause is no pause within a frame.
constexpr milliseconds pause_within_frame_max{150};

// How long an answer that was taken can come into doubt, and how many are remembered.
constexpr seconds doubt_max{2};
constexpr std::size_t taken_max = 16;

// How often an answer that does not carry on from the last ones is asked for again.
constexpr int confirmations_max = 4;

// From somebody else's request to the end of its answer, when that does not come (field notes 2).
constexpr milliseconds foreign_exchange_max{250};

// What is not cut off by then never will be: more than the longest frame of either protocol.
constexpr std::size_t received_max = 1'024;

bool begins_answer(const modbus::ReadRequest& asked, std::span<const std::uint8_t> received) {
  return received.size() >= 3 && received[0] == asked.unit_id &&
         received[1] == modbus::read_holding_registers && received[2] == 2U * asked.count;
}

std::size_t fingerprint(const RtuFrame& answer) {
  return boost::hash_range(answer.registers.begin(), answer.registers.end());
}

// The registers that were wanted, of those that were asked.
std::span<const std::uint8_t> wanted_of(const modbus::ReadRequest& wanted, const modbus::ReadRequest& asked,
                                        std::span<const std::uint8_t> registers) {
  return registers.subspan(2U * static_cast<std::size_t>(wanted.first - asked.first), 2U * wanted.count);
}

}  // namespace

// When the line will have been silent for so long that what is not complete never will be.
std::optional<SteadyTime> Conversation::silence_at() const {
  if (!serial_) return std::nullopt;
  const bool is_broken = !in_flight_.empty() && in_flight_.front().mismatch == Mismatch::broken;
  if (received_.empty() && !is_broken) return std::nullopt;
  return last_byte_ + pause_within_frame_max;
}

// Stops at the first answer: its registers are given before the next is looked for.
void Conversation::look(bool silent, SteadyTime now) {
  if (!told_.empty()) return;
  if (serial_) {
    look_at_rtu(silent, now);
  } else {
    look_at_tcp(now);
  }
  if (received_.size() > received_max) drop(received_.size() - received_max);
}

void Conversation::look_at_tcp(SteadyTime now) {
  while (!received_.empty() && told_.empty()) {
    // With nothing under way every transaction id is a late one.
    const modbus::ReadRequest nothing;
    std::size_t index = 0;
    const auto is_asked = [&](const InFlight& asked) {
      return received_.size() >= 2 && received_[0] == asked.transaction_id >> 8 &&
             received_[1] == (asked.transaction_id & 0xFF);
    };
    const auto place = std::ranges::find_if(in_flight_, is_asked);
    if (place != in_flight_.end()) index = static_cast<std::size_t>(place - in_flight_.begin());
    const bool idle = in_flight_.empty();
    const auto assembled =
        idle ? modbus::assemble_tcp(nothing, static_cast<std::uint16_t>(transaction_id_ + 1), received_)
             : modbus::assemble_tcp(in_flight_[index].asked, in_flight_[index].transaction_id, received_);
    if (std::holds_alternative<modbus::Incomplete>(assembled)) return;
    if (const auto* not_ours = std::get_if<modbus::NotOurs>(&assembled)) {
      const std::uint8_t unit_id = received_.size() > 6 ? received_[6] : std::uint8_t{0};
      drop_tcp(*not_ours, unit_id);
      if (not_ours->why == Mismatch::other_protocol && !idle)
        finish_unanswered(index, modbus::Error::wrong_protocol, {}, now);
      continue;
    }
    Outcome outcome;
    std::size_t length = 0;
    if (const auto* answer = std::get_if<modbus::Answer>(&assembled)) {
      std::copy_n(answer->registers.data(), answer->registers.size(), registers_.data());
      outcome.registers = std::span<const std::uint8_t>(registers_).first(answer->registers.size());
      length = answer->length;
      ++unit(in_flight_[index].asked.unit_id).answers;
    } else {
      const auto& refused = std::get<modbus::Refused>(assembled);
      outcome.error = modbus::Error::exception_answer;
      outcome.exception = refused.exception;
      length = refused.length;
      ++unit(in_flight_[index].asked.unit_id).exceptions;
    }
    drop(length);
    finish(index, outcome, now);
  }
}

void Conversation::drop_tcp(const modbus::NotOurs& not_ours, std::uint8_t unit_id) {
  if (not_ours.why == Mismatch::garbage || not_ours.why == Mismatch::other_protocol) {
    line_.garbage_bytes += not_ours.length;
    note(not_ours.why);
  } else if (not_ours.why == Mismatch::transaction_id) {
    ++unit(unit_id).late_answers;
  } else {
    ++unit(unit_id).foreign_frames;
    note(not_ours.why);
    if (not_ours.why == Mismatch::unit_id) {
      for (InFlight& asked : in_flight_) asked.other_unit = unit_id;
    }
  }
  drop(not_ours.length);
}

void Conversation::look_at_rtu(bool silent, SteadyTime now) {
  while (!received_.empty() && told_.empty()) {
    const InFlight* asked = in_flight_.empty() ? nullptr : &in_flight_.front();
    if (asked != nullptr && modbus::looks_like_tcp(asked->asked, received_)) {
      line_.garbage_bytes += received_.size();
      received_.clear();
      finish_unanswered(0, modbus::Error::wrong_protocol, {}, now);
      return;
    }
    const modbus::RtuCut cut = modbus::cut_rtu(received_, silent);
    if (!std::holds_alternative<RtuFrame>(cut)) doubt_if_behind_answer();
    if (std::holds_alternative<modbus::Incomplete>(cut)) return;
    if (const auto* frame = std::get_if<RtuFrame>(&cut)) {
      const std::size_t length = frame->length;
      rtu_frame(*frame, now);
      drop(length);
      continue;
    }
    if (asked != nullptr && begins_answer(asked->asked, received_)) {
      ++unit(asked->asked.unit_id).broken_frames;
      note(Mismatch::broken);
    } else {
      note(Mismatch::garbage);
      doubt_by_garbage(now);
    }
    ++line_.garbage_bytes;
    drop(1);
  }
  // Ours came and is broken: it is asked again now rather than when its time is over.
  const bool is_broken = !in_flight_.empty() && in_flight_.front().mismatch == Mismatch::broken;
  if (silent && is_broken && told_.empty()) finish_unanswered(0, modbus::Error::broken_answer, {}, now);
}

void Conversation::rtu_frame(const RtuFrame& frame, SteadyTime now) {
  const bool is_answer = frame.kind == RtuFrame::Kind::answer || frame.kind == RtuFrame::Kind::exception;
  if (is_answer && frame.unit_id == hold_unit_) hold_until_ = now;
  switch (frame.kind) {
    case RtuFrame::Kind::answer:
      if (!take_answer(frame, now)) stray_answer(frame, now);
      break;
    case RtuFrame::Kind::exception:
      if (take_exception(frame, now)) break;
      if (counts_.owes(frame.unit_id, now)) {
        ++unit(frame.unit_id).late_answers;
      } else {
        foreign_frame(frame, now);
      }
      break;
    case RtuFrame::Kind::request:
      foreign_request(frame, now);
      break;
    case RtuFrame::Kind::other:
      foreign_frame(frame, now);
  }
}

bool Conversation::take_answer(const RtuFrame& frame, SteadyTime now) {
  if (in_flight_.empty()) return false;
  InFlight& asked = in_flight_.front();
  if (frame.unit_id != asked.asked.unit_id || frame.count != asked.asked.count) return false;
  const modbus::ReadRequest wanted = asked.who.transaction.request;
  ++unit(frame.unit_id).answers;
  asked.who.refused = false;
  const bool is_part = asked.asked.count < wanted.count;
  auto registers = is_part ? frame.registers : wanted_of(wanted, asked.asked, frame.registers);
  if (!is_believed(asked, frame, registers, now)) {
    ++unit(frame.unit_id).confirmations;
    counts_.disbelieved(wanted, asked.asked, frame.crc, now);
    ask_again(now);
    return true;
  }
  counts_.answered(wanted, asked.asked, frame.crc, now);
  if (asked.has_twin) counts_.disbelieved(wanted, asked.asked, frame.crc, now);
  if (is_part) registers = asked.who.unconfirmed;
  values_.remember(wanted, registers);
  std::ranges::copy(registers, registers_.begin());
  Outcome outcome;
  outcome.registers = std::span<const std::uint8_t>(registers_).first(registers.size());
  std::erase_if(taken_, [&](const Taken& entry) { return entry.at + doubt_max <= now; });
  if (taken_.size() == taken_max) taken_.erase(taken_.begin());
  if (asked.who.requester != nullptr)
    taken_.push_back({asked.who.requester, wanted, asked.asked, fingerprint(frame), asked.sent_at, now});
  finish(0, outcome, now);
  return true;
}

// Whether an answer carries on from the last values, or from the answer before it that did not. Of those two
// one at least is to the whole read.
bool Conversation::is_believed(InFlight& asked, const RtuFrame& answer,
                               std::span<const std::uint8_t> registers, SteadyTime now) {
  Waiting& who = asked.who;
  const modbus::ReadRequest& wanted = who.transaction.request;
  const bool is_whole = registers.size() == 2U * wanted.count;
  if (is_whole && values_.carries_on(wanted, registers)) return true;
  const std::size_t common = std::min(who.unconfirmed.size(), registers.size());
  // A part behind a part, where the controller refused the whole in between, would leave registers unread.
  const bool one_is_whole = is_whole || who.unconfirmed.size() == 2U * wanted.count;
  if (common > 0 && one_is_whole &&
      carries_on(std::span(who.unconfirmed).first(common), registers.first(common))) {
    // Where others are, it may have been an answer to them, of the same registers, and ours still comes.
    if (!shared(now)) counts_.confirmed(who.unconfirmed_ask, now);
    return true;
  }
  // So many different answers in a row, to requests of different counts, are an engine that runs up.
  if (is_whole && who.confirmations >= confirmations_max) return true;
  ++who.confirmations;
  who.unconfirmed.assign(registers.begin(), registers.end());
  who.unconfirmed_ask = asked.asked;
  who.unconfirmed_print = fingerprint(answer);
  who.unconfirmed_at = now;
  return false;
}

// The transaction under way on a serial line has its turn once more.
void Conversation::ask_again(SteadyTime now) {
  InFlight asked = std::move(in_flight_.front());
  end_flight(0, now);
  fresh_ = false;
  if (asked.who.requester == nullptr) return;
  asked.who.round = 0;
  waiting_.insert(waiting_.begin(), std::move(asked.who));
}

// An exception names neither registers nor count: it is believed at once only where no other can come.
bool Conversation::take_exception(const RtuFrame& frame, SteadyTime now) {
  if (in_flight_.empty()) return false;
  InFlight& asked = in_flight_.front();
  if (frame.unit_id != asked.asked.unit_id || frame.function != modbus::read_holding_registers) return false;
  if (counts_.owes(frame.unit_id, now) || shared(now)) {
    asked.exception = frame.exception;
    return true;
  }
  if (counts_.refused(asked.who.transaction.request, asked.asked, frame.exception, now)) {
    ++unit(frame.unit_id).confirmations;
    asked.who.refused = true;
    ask_again(now);
    return true;
  }
  ++unit(frame.unit_id).exceptions;
  finish(0, {.error = modbus::Error::exception_answer, .exception = frame.exception}, now);
  return true;
}

void Conversation::stray_answer(const RtuFrame& frame, SteadyTime now) {
  const std::size_t print = fingerprint(frame);
  const auto taken = std::ranges::find_if(std::views::reverse(taken_), [&](const Taken& entry) {
    return entry.asked.unit_id == frame.unit_id && entry.asked.count == frame.count &&
           now < entry.at + doubt_max;
  });
  // One of the two is ours, and nothing tells which. The same goes for one that is still to be confirmed; but
  // a copy of that says nothing of an older one.
  bool is_copy = false;
  forget_unconfirmed([&](const Waiting& who) {
    if (who.unconfirmed_ask.unit_id != frame.unit_id || who.unconfirmed_ask.count != frame.count)
      return false;
    is_copy = is_copy || who.unconfirmed_print == print;
    return who.unconfirmed_print != print;
  });
  if (!is_copy && taken != std::views::reverse(taken_).end() && taken->print != print)
    doubt(std::next(taken).base());
  switch (counts_.heard_answer(frame.unit_id, frame.count, frame.crc, now)) {
    case Stray::late:
      ++unit(frame.unit_id).late_answers;
      break;
    case Stray::doubled:
      ++unit(frame.unit_id).doubled_answers;
      break;
    case Stray::foreign:
      foreign_frame(frame, now);
  }
}

// Bytes that follow an answer without a pause and begin no whole frame: the answer may be a longer or shorter
// one that was damaged and has the right CRC by chance.
void Conversation::doubt_if_behind_answer() {
  if (!taken_.empty() && taken_.back().at == last_byte_) doubt(std::prev(taken_.end()));
  forget_unconfirmed([&](const Waiting& who) { return who.unconfirmed_at == last_byte_; });
}

// Answers that were not believed yet and now cannot be confirmed any more: the read is made anew.
template <class IsMeant>
void Conversation::forget_unconfirmed(IsMeant is_meant) {
  for (Waiting& who : waiting_) {
    if (!who.unconfirmed.empty() && is_meant(who)) who.unconfirmed.clear();
  }
  for (InFlight& asked : in_flight_) {
    if (!asked.who.unconfirmed.empty() && is_meant(asked.who)) asked.who.unconfirmed.clear();
  }
}

// What is no frame may be our answer, damaged or torn, to a read for which somebody else's was taken: one
// whose head it has, or the last, as long as its answer may take. What is not believed yet is read anew.
void Conversation::doubt_by_garbage(SteadyTime now) {
  forget_unconfirmed([&](const Waiting& who) {
    return begins_answer(who.unconfirmed_ask, received_) ||
           received_since_ < who.unconfirmed_at + serial_answer_time_max;
  });
  const auto has_head = [&](const Taken& entry) {
    return begins_answer(entry.asked, received_) && now < entry.at + doubt_max;
  };
  const auto newest_first = std::views::reverse(taken_);
  const auto headed = std::ranges::find_if(newest_first, has_head);
  const bool is_rest_of_broken = !in_flight_.empty() && in_flight_.front().mismatch == Mismatch::broken;
  // A head that an older one has may be chance: 02 03 and 02 03 .. behind it look like unit 2's of a
  // register.
  const bool may_be_last = !is_rest_of_broken && doubted_for_ != last_byte_ && !taken_.empty() &&
                           received_since_ < taken_.back().sent_at + serial_answer_time_max;
  if (headed == newest_first.end() && !may_be_last) return;
  doubted_for_ = last_byte_;
  const bool is_last_headed = headed == newest_first.begin();
  if (headed != newest_first.end()) doubt(std::next(headed).base());
  if (may_be_last && !is_last_headed) doubt(std::prev(taken_.end()));
}

// What a connection that ends may have taken along: ours, behind an answer that was taken for it.
void Conversation::doubt_what_was_cut_off(SteadyTime now) {
  forget_unconfirmed([&](const Waiting& who) { return now < who.unconfirmed_at + serial_answer_time_max; });
  for (auto taken = taken_.size(); taken-- > 0;) {
    const auto entry = taken_.begin() + static_cast<std::ptrdiff_t>(taken);
    if (now < entry->sent_at + serial_answer_time_max) doubt(entry);
  }
}

void Conversation::doubt(std::vector<Taken>::const_iterator taken) {
  ++unit(taken->asked.unit_id).doubts;
  told_.push_back(Doubt{taken->requester, taken->wanted});
  taken_.erase(taken);
}

void Conversation::foreign_request(const RtuFrame& frame, SteadyTime now) {
  InFlight* asked = in_flight_.empty() ? nullptr : &in_flight_.front();
  const bool same_unit_and_count =
      asked != nullptr && frame.unit_id == asked->asked.unit_id && frame.count == asked->asked.count;
  // A converter may echo what it sends. Else somebody asks for the same registers now: either answer is
  // right.
  if (same_unit_and_count && frame.first == asked->asked.first) {
    asked->has_twin = asked->echoed || !echoes_;
    asked->echoed = true;
    return;
  }
  counts_.heard_request(frame.unit_id, frame.count, now);
  foreign_frame(frame, now);
  hold_unit_ = frame.unit_id;
  hold_until_ = now + foreign_exchange_max;
  // Of two answers of this shape, nothing would tell which is ours.
  if (same_unit_and_count) finish_unanswered(0, modbus::Error::foreign_answer, {}, now);
}

void Conversation::foreign_frame(const RtuFrame& frame, SteadyTime now) {
  ++unit(frame.unit_id).foreign_frames;
  shared_until_ = now + SerialCounts::foreign_memory;
  last_foreign_at_ = now;
  last_foreign_ = frame;
  last_foreign_.registers = {};
  if (in_flight_.empty()) return;
  InFlight& asked = in_flight_.front();
  if (frame.unit_id == asked.asked.unit_id) {
    note(Mismatch::byte_count);
  } else {
    note(Mismatch::unit_id);
    if (frame.kind == RtuFrame::Kind::answer) asked.other_unit = frame.unit_id;
  }
}

void Conversation::note(Mismatch why) {
  for (InFlight& asked : in_flight_) {
    // The rest of a broken frame comes as garbage: what it was is remembered.
    if (why != Mismatch::garbage || !asked.mismatch) asked.mismatch = why;
  }
}

void Conversation::drop(std::size_t length) {
  length = std::min(length, received_.size());
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(length));
}

}  // namespace gensetd::link
