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

// How long a response that came into doubt can prove the next one.
constexpr seconds doubted_memory{5};

// From somebody else's request to the end of its answer, when that does not come (field notes 2).
constexpr milliseconds foreign_exchange_max{250};

// What is not cut off by then never will be: more than the longest frame of either protocol.
constexpr std::size_t received_max = 1'024;

bool begins_answer(const modbus::ReadRequest& asked, std::span<const std::uint8_t> received) {
  return received.size() >= 3 && received[0] == asked.unit_id &&
         received[1] == modbus::read_holding_registers && received[2] == 2U * asked.count;
}

// Whether bytes that begin with `first` may be a torn response: it is the unit id of a polled controller.
bool may_be_torn(const Conversation::Units& units, std::uint8_t first) {
  const auto known = units.find(first);
  return known != units.end() && known->second.requests > 0;
}

std::size_t fingerprint(const RtuFrame& answer) {
  return boost::hash_range(answer.registers.begin(), answer.registers.end());
}

}  // namespace

// When the line will have been silent for so long that what is not complete never will be.
std::optional<SteadyTime> Conversation::silence_at() const {
  if (!serial_) return std::nullopt;
  const bool is_broken = !in_flight_.empty() && in_flight_.front().mismatch == Mismatch::broken;
  if (received_.empty() && !is_broken && !run_is_pending_) return std::nullopt;
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
    if (const auto* frame = std::get_if<RtuFrame>(&cut)) {
      const std::size_t length = frame->length;
      rtu_frame(*frame, now);
      drop(length);
      continue;
    }
    if (drop_known_strays()) return;
    doubt_if_behind_answer(now);
    if (std::holds_alternative<modbus::Incomplete>(cut)) return;
    if (asked != nullptr && begins_answer(asked->asked, received_)) {
      ++unit(asked->asked.unit_id).broken_frames;
      note(Mismatch::broken);
      run_is_rest_ = true;
    } else {
      stray_byte(now);
    }
    ++line_.garbage_bytes;
    drop(1);
  }
  if (silent && told_.empty()) judge_pending_run(now);
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
  reopening_.answered();
  if (!run_is_rest_ && run_place_ == StrayBytes::Place::before) strays().note(run_place_, run_);
  begin_run(StrayBytes::Place::behind, now);
  response_times_[frame.unit_id].note(now - asked.sent_at);
  asked.who.refused = false;
  const bool is_part = asked.asked.count < wanted.count;
  auto registers = is_part ? frame.registers : wanted_of(wanted, asked.asked, frame.registers);
  if (!is_believed(asked, fingerprint(frame), registers, now)) {
    if (asked.must_agree && asked.who.confirmations > confirmations_max) {
      finish_unanswered(0, modbus::Error::foreign_answer, {}, now);
      return true;
    }
    ++unit(frame.unit_id).confirmations;
    counts_.disbelieved(wanted, asked.asked, frame.crc, now);
    ask_again(0, now);
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
  if (asked.who.requester != nullptr) {
    Taken taken{.requester = asked.who.requester,
                .wanted = wanted,
                .asked = asked.asked,
                .print = fingerprint(frame),
                .registers = RegisterBytes(registers.begin(), registers.end()),
                .sent_at = asked.sent_at,
                .at = now};
    taken.proven = agrees_with_doubted(taken, now);
    taken_.push_back(std::move(taken));
  }
  finish(0, outcome, now);
  return true;
}

// Whether an answer carries on from the last values, or from the answer before it that did not. Of those two
// one at least is to the whole read.
bool Conversation::is_believed(InFlight& asked, std::size_t print, std::span<const std::uint8_t> registers,
                               SteadyTime now) {
  Waiting& who = asked.who;
  const modbus::ReadRequest& wanted = who.transaction.request;
  const bool is_whole = registers.size() == 2U * wanted.count;
  if (!asked.must_agree && is_whole && values_.carries_on(wanted, registers)) return true;
  const std::size_t common = std::min(who.unconfirmed.size(), registers.size());
  // A part behind a part, where the controller refused the whole in between, would leave registers unread.
  const bool one_is_whole = is_whole || who.unconfirmed.size() == 2U * wanted.count;
  const auto before = std::span(who.unconfirmed).first(common);
  // A single register has no other count.
  const bool is_other_count = asked.asked.count != who.unconfirmed_ask.count || wanted.count == 1;
  const bool agrees = asked.must_agree ? is_other_count && agree(before, registers.first(common))
                                       : carries_on(before, registers.first(common));
  if (common > 0 && one_is_whole && agrees) {
    // Where others are, it may have been an answer to them, of the same registers, and ours still comes.
    if (!shared(now)) counts_of(who.transaction).confirmed(who.unconfirmed_ask, now);
    return true;
  }
  // So many different answers in a row, to requests of different counts, are an engine that runs up.
  if (!asked.must_agree && is_whole && who.confirmations >= confirmations_max) return true;
  ++who.confirmations;
  who.unconfirmed.assign(registers.begin(), registers.end());
  who.unconfirmed_ask = asked.asked;
  who.unconfirmed_print = print;
  who.unconfirmed_at = now;
  return false;
}

// The transaction has its turn once more.
void Conversation::ask_again(std::size_t index, SteadyTime now) {
  InFlight asked = std::move(in_flight_[index]);
  end_flight(index, now);
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
  reopening_.answered();
  if (counts_.owes(frame.unit_id, now) || shared(now)) {
    asked.exception = frame.exception;
    return true;
  }
  if (counts_.refused(asked.who.transaction.request, asked.asked, frame.exception, now)) {
    ++unit(frame.unit_id).confirmations;
    asked.who.refused = true;
    ask_again(0, now);
    return true;
  }
  ++unit(frame.unit_id).exceptions;
  finish(0, {.error = modbus::Error::exception_answer, .exception = frame.exception}, now);
  return true;
}

void Conversation::stray_answer(const RtuFrame& frame, SteadyTime now) {
  suspicious_until_ = now + DistinctCounts::foreign_memory;
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
    doubt(std::next(taken).base(), now);
  switch (counts_.heard_answer(frame.unit_id, frame.count, frame.crc, now)) {
    case Stray::late:
      ++unit(frame.unit_id).late_answers;
      note_late(frame.unit_id, counts_.age(frame.unit_id, frame.count, now), now);
      break;
    case Stray::doubled:
      ++unit(frame.unit_id).doubled_answers;
      break;
    case Stray::foreign:
      foreign_frame(frame, now);
  }
}

StrayBytes& Conversation::strays() {
  if (!strays_) strays_ = std::make_unique<StrayBytes>();
  return *strays_;
}

// The bytes from here on stand at this place.
void Conversation::begin_run(StrayBytes::Place place, SteadyTime now) {
  judge_pending_run(now);
  if (run_place_ == StrayBytes::Place::behind && !run_is_rest_) strays().note(run_place_, run_);
  run_.clear();
  run_is_rest_ = false;
  run_place_ = place;
}

// The first received byte belongs to no frame. One that is usual on this line says nothing.
void Conversation::stray_byte(SteadyTime now) {
  if (!run_is_rest_ && run_.size() <= StrayBytes::run_max) {
    run_.push_back(received_.front());
    run_is_pending_ = false;
    if (!may_be_torn(units_, run_.front()) && strays().may_become_usual(run_place_, run_)) {
      run_is_pending_ = !strays().is_usual(run_place_, run_);
      return;
    }
  }
  note(Mismatch::garbage);
  doubt_by_garbage(now);
}

// A run of bytes is over that could have become a usual one.
void Conversation::judge_pending_run(SteadyTime now) {
  if (!std::exchange(run_is_pending_, false)) return;
  note(Mismatch::garbage);
  doubt_last_by_garbage(now);
}

// Bytes behind a response that are exactly as usual are not waited with until the line is silent.
bool Conversation::drop_known_strays() {
  if (!in_flight_.empty() || run_place_ != StrayBytes::Place::behind || run_is_rest_ ||
      run_.size() + received_.size() > StrayBytes::run_max)
    return false;
  std::vector<std::uint8_t> run = run_;
  run.insert(run.end(), received_.begin(), received_.end());
  if (may_be_torn(units_, run.front()) || !strays().is_known(run_place_, run)) return false;
  line_.garbage_bytes += received_.size();
  run_ = std::move(run);
  run_is_pending_ = false;
  received_.clear();
  return true;
}

// Bytes that follow an answer without a pause and begin no whole frame: the answer may be a longer or shorter
// one that was damaged and has the right CRC by chance. Unless such bytes are usual.
void Conversation::doubt_if_behind_answer(SteadyTime now) {
  if (run_place_ == StrayBytes::Place::behind && !run_is_rest_ &&
      run_.size() + received_.size() <= StrayBytes::run_max) {
    std::vector<std::uint8_t> run = run_;
    run.insert(run.end(), received_.begin(), received_.end());
    if (!may_be_torn(units_, run.front()) && strays().may_become_usual(run_place_, run)) return;
  }
  if (!taken_.empty() && taken_.back().at == last_byte_ && !taken_.back().proven)
    doubt(std::prev(taken_.end()), now);
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
  forget_unconfirmed([&](const Waiting& who) { return begins_answer(who.unconfirmed_ask, received_); });
  const auto has_head = [&](const Taken& entry) {
    return begins_answer(entry.asked, received_) && now < entry.at + doubt_max;
  };
  const auto newest_first = std::views::reverse(taken_);
  const auto headed = std::ranges::find_if(newest_first, has_head);
  const bool is_last_headed = headed == newest_first.begin() && headed != newest_first.end();
  if (headed != newest_first.end() && !headed->proven) {
    if (is_last_headed) doubted_for_ = last_byte_;
    doubt(std::next(headed).base(), now);
  }
  if (!is_last_headed) doubt_last_by_garbage(now);
}

void Conversation::doubt_last_by_garbage(SteadyTime now) {
  forget_unconfirmed(
      [&](const Waiting& who) { return received_since_ < who.unconfirmed_at + serial_answer_time_max; });
  const bool is_rest_of_broken = !in_flight_.empty() && in_flight_.front().mismatch == Mismatch::broken;
  // A head that an older one has may be chance: 02 03 and 02 03 .. behind it look like unit 2's of a
  // register.
  const bool may_be_last = !is_rest_of_broken && doubted_for_ != last_byte_ && !taken_.empty() &&
                           !taken_.back().proven &&
                           received_since_ < taken_.back().sent_at + serial_answer_time_max;
  if (!may_be_last) return;
  doubted_for_ = last_byte_;
  doubt(std::prev(taken_.end()), now);
}

// What a connection that ends may have taken along: ours, behind an answer to another client that was taken
// for it. Where nothing of that kind was noticed, the answer is ours: many converters close the connection
// after each response (field notes, 25).
void Conversation::doubt_what_was_cut_off(SteadyTime now) {
  if (!shared(now) && now >= suspicious_until_) return;
  forget_unconfirmed([&](const Waiting& who) { return now < who.unconfirmed_at + serial_answer_time_max; });
  for (auto taken = taken_.size(); taken-- > 0;) {
    const auto entry = taken_.begin() + static_cast<std::ptrdiff_t>(taken);
    if (now < entry->sent_at + serial_answer_time_max) doubt(entry, now);
  }
}

// Where stray bytes are frequent, two responses to different counts that agree are proof enough against bytes
// that are no frame. Elsewhere such bytes are more often the rest of a damaged response.
bool Conversation::agrees_with_doubted(const Taken& taken, SteadyTime now) {
  std::erase_if(doubted_, [&](const Doubted& entry) { return entry.at + doubted_memory <= now; });
  return strays().are_frequent() && std::ranges::any_of(doubted_, [&](const Doubted& entry) {
           return entry.requester == taken.requester && entry.wanted == taken.wanted &&
                  entry.count != taken.asked.count && agree(entry.registers, taken.registers);
         });
}

void Conversation::doubt(std::vector<Taken>::const_iterator taken, SteadyTime now) {
  suspicious_until_ = now + DistinctCounts::foreign_memory;
  if (doubted_.size() == taken_max) doubted_.erase(doubted_.begin());
  doubted_.push_back({.requester = taken->requester,
                      .wanted = taken->wanted,
                      .count = taken->asked.count,
                      .registers = taken->registers,
                      .at = now});
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
  shared_until_ = now + DistinctCounts::foreign_memory;
  last_foreign_at_ = now;
  last_foreign_ = frame;
  last_foreign_.registers = {};
  if (in_flight_.empty()) return;
  InFlight& asked = in_flight_.front();
  if (frame.unit_id == asked.asked.unit_id) {
    note(Mismatch::byte_count);
    if (frame.kind == RtuFrame::Kind::answer) asked.other_count = frame.count;
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
