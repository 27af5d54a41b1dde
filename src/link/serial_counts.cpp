#include "link/serial_counts.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gensetd::link {
namespace {

using modbus::ReadRequest;
using modbus::registers_per_request_max;

// More registers than wanted are tried one read at a time, and after one that was not answered not for a
// while: so a controller that leaves them unanswered costs a cycle one answer, which its second attempt
// brings.
constexpr std::chrono::seconds trial_pause{3};

// So many times in a row more registers were not answered and then fewer were: the controller does not answer
// so many. A line that loses answers must not look like that, at least where it did answer them.
constexpr int strikes_max_of_trials = 3;
constexpr int strikes_max_of_proven = 4;

// After that it is tried anew: it was the line, or there is another controller.
constexpr std::chrono::hours limit_memory{1};

// Each profile has a dozen reads; somebody who asks for ever other registers does not fill the memory.
constexpr std::size_t growths_max = 256;

// The largest count that `wanted` can be grown to.
std::uint16_t count_max(const ReadRequest& wanted, const Room& room) {
  if (room.first > wanted.first || room.end < wanted.first + wanted.count) return wanted.count;
  const std::uint32_t most =
      std::min({room.end - room.first, std::uint32_t{room.limit}, std::uint32_t{registers_per_request_max}});
  return std::max(wanted.count, static_cast<std::uint16_t>(most));
}

// `wanted` with `count` registers: those behind it first, then those before it.
ReadRequest grown(const ReadRequest& wanted, const Room& room, std::uint16_t count) {
  const std::uint32_t extra = count - std::uint32_t{wanted.count};
  if (extra == 0) return wanted;
  const std::uint32_t behind = std::min(extra, room.end - (std::uint32_t{wanted.first} + wanted.count));
  return {.unit_id = wanted.unit_id,
          .first = static_cast<std::uint16_t>(wanted.first - (extra - behind)),
          .count = count};
}

}  // namespace

SerialCounts::Unit& SerialCounts::unit(std::uint8_t unit_id) {
  std::unique_ptr<Unit>& place = units_[unit_id];
  if (!place) place = std::make_unique<Unit>();
  return *place;
}

SerialCounts::Growth& SerialCounts::growth(Unit& unit, const ReadRequest& wanted) {
  const Wanted key{wanted.first, wanted.count};
  const auto [place, is_new] = unit.growths.try_emplace(key, Growth{.proven = wanted.count});
  if (is_new && unit.growths.size() > growths_max) {
    const auto other = unit.growths.begin() == place ? std::next(place) : unit.growths.begin();
    unit.growths.erase(other);
  }
  return place->second;
}

// From when on `count` may be asked.
SteadyTime SerialCounts::free_at(const Unit& unit, const Growth& growth, std::uint16_t count) {
  const SteadyTime foreign_until = unit.counts[count].foreign_until;
  if (count == growth.repeated) return std::max(growth.repeat_from, foreign_until);
  const SteadyTime free_at = std::max(unit.counts[count].blocked_until, foreign_until);
  return count <= growth.proven ? free_at : std::max(free_at, unit.next_trial);
}

// The best count of those that may be asked at `now`, or 0.
std::uint16_t SerialCounts::best_count(const Unit& unit, const Growth& growth, std::uint16_t least,
                                       std::uint16_t most, SteadyTime now) {
  std::uint16_t best = 0;
  for (std::uint16_t count = least; count <= most; ++count) {
    if (free_at(unit, growth, count) > now) continue;
    // What was not answered last time is first asked in a way that is known to be answered.
    if (growth.suspect != 0 && count <= growth.proven) return count;
    const SteadyTime rests_until = unit.counts[count].rests_until;
    if (rests_until <= now) return count;
    if (best == 0 || rests_until < unit.counts[best].rests_until) best = count;
  }
  return best;
}

SerialCounts::Choice SerialCounts::choose(const ReadRequest& wanted, const Room& room, SteadyTime now) {
  Unit& known = unit(wanted.unit_id);
  Growth& grows = growth(known, wanted);
  std::uint16_t most = count_max(wanted, room);
  if (now < grows.limited_until) most = std::max(wanted.count, std::min(most, grows.limit));
  const std::uint16_t best = best_count(known, grows, wanted.count, most, now);
  if (best != 0) return {grown(wanted, room, best), now};

  // None now: when the first one is free again, if it is not somebody else's.
  SteadyTime earliest = SteadyTime::max();
  for (std::uint16_t count = wanted.count; count <= most; ++count) {
    if (known.counts[count].foreign_until <= now) earliest = std::min(earliest, free_at(known, grows, count));
  }
  if (earliest != SteadyTime::max()) return {wanted, earliest};
  // Rather than not to ask at all: a line that loses answers may have made the controller look like that.
  if (now < grows.limited_until) {
    grows.limited_until = now;
    return choose(wanted, room, now);
  }
  return {std::nullopt, now};
}

std::optional<ReadRequest> SerialCounts::choose_part(const ReadRequest& wanted, SteadyTime now) {
  const Unit& known = unit(wanted.unit_id);
  std::uint16_t best = 0;
  for (int less = 1; less < wanted.count && less <= wanted.count / 2; ++less) {
    const auto count = static_cast<std::uint16_t>(wanted.count - less);
    if (std::max(known.counts[count].blocked_until, known.counts[count].foreign_until) > now) continue;
    const bool rests = known.counts[count].rests_until > now;
    if (best == 0 || !rests) best = count;
    if (!rests) break;
  }
  if (best == 0) return std::nullopt;
  return ReadRequest{.unit_id = wanted.unit_id, .first = wanted.first, .count = best};
}

void SerialCounts::sent(const ReadRequest& wanted, const ReadRequest& asked, SteadyTime now) {
  Unit& known = unit(wanted.unit_id);
  if (asked.count > growth(known, wanted).proven) known.next_trial = now + trial_pause;
}

void SerialCounts::answered(const ReadRequest& wanted, const ReadRequest& asked, std::uint16_t crc,
                            SteadyTime now) {
  Unit& known = unit(wanted.unit_id);
  Count& entry = known.counts[asked.count];
  entry.rests_until = now + rest_answered;
  entry.blocked_until = std::max(entry.blocked_until, now + rest_min);
  entry.crc = crc;
  entry.answered = true;
  Growth& grows = growth(known, wanted);
  grows.repeated = 0;
  if (asked.count < wanted.count) return;
  const bool was_proven = grows.suspect <= grows.proven;
  if (asked.count > grows.proven) known.next_trial = now;
  grows.proven = std::max(grows.proven, asked.count);
  if (grows.suspect > asked.count) {
    grows.least_suspect = grows.strikes == 0 ? grows.suspect : std::min(grows.least_suspect, grows.suspect);
    if (++grows.strikes == (was_proven ? strikes_max_of_proven : strikes_max_of_trials))
      limit(grows, wanted, static_cast<std::uint16_t>(grows.least_suspect - 1), now);
  } else if (asked.count > wanted.count) {
    grows.strikes = 0;
  }
  grows.suspect = 0;
  grows.refuses = false;
}

void SerialCounts::unanswered(const ReadRequest& wanted, const ReadRequest& asked, SteadyTime now) {
  block(wanted, asked, now);
  unit(asked.unit_id).counts[asked.count].owed = true;
  Growth& grows = growth(unit(wanted.unit_id), wanted);
  grows.repeated = 0;
  grows.suspect = asked.count > wanted.count ? asked.count : std::uint16_t{0};
}

void SerialCounts::disbelieved(const ReadRequest& wanted, const ReadRequest& asked, std::uint16_t crc,
                               SteadyTime now) {
  block(wanted, asked, now);
  Count& entry = unit(asked.unit_id).counts[asked.count];
  entry.owed = true;
  entry.crc = crc;
  entry.answered = true;
}

// Its answer may still come.
void SerialCounts::block(const ReadRequest& wanted, const ReadRequest& asked, SteadyTime now) {
  Unit& known = unit(asked.unit_id);
  if (wanted.count == 1 && asked.count == 1) {
    Growth& grows = growth(known, wanted);
    grows.repeated = 1;
    grows.repeat_from = now + rest_min;
  }
  Count& entry = known.counts[asked.count];
  entry.rests_until = now + rest_unanswered;
  entry.blocked_until = std::max(entry.blocked_until, now + late_answer_max);
}

void SerialCounts::confirmed(const ReadRequest& asked, SteadyTime now) {
  Count& entry = unit(asked.unit_id).counts[asked.count];
  entry.rests_until = now + rest_answered;
  entry.blocked_until = now + rest_min;
  entry.owed = false;
}

void SerialCounts::limit(Growth& grows, const ReadRequest& wanted, std::uint16_t count, SteadyTime now) {
  grows.limit = std::max(wanted.count, count);
  grows.proven = std::min(grows.proven, grows.limit);
  grows.limited_until = now + limit_memory;
  grows.strikes = 0;
}

bool SerialCounts::refused(const ReadRequest& wanted, const ReadRequest& asked, std::uint8_t exception,
                           SteadyTime now) {
  Unit& known = unit(wanted.unit_id);
  Growth& grows = growth(known, wanted);
  grows.suspect = 0;
  // Illegal address or value, or a controller's failure to read (V1.1b3, 7); others are not about the range.
  const bool is_about_range = exception >= 2 && exception <= 4;
  if (is_about_range && asked.count > grows.proven) {
    limit(grows, wanted, std::max(grows.proven, static_cast<std::uint16_t>(asked.count - 1)), now);
    block(wanted, asked, now);
    return true;
  }
  if (!std::exchange(grows.refuses, true)) {
    block(wanted, asked, now);
    return true;
  }
  Count& entry = known.counts[asked.count];
  entry.rests_until = now + rest_answered;
  entry.blocked_until = std::max(entry.blocked_until, now + rest_min);
  return false;
}

Stray SerialCounts::heard_answer(std::uint8_t unit_id, std::uint16_t count, std::uint16_t crc,
                                 SteadyTime now) {
  if (count == 0 || count > registers_per_request_max) return Stray::foreign;
  Count& entry = unit(unit_id).counts[count];
  if (entry.answered && entry.crc == crc) {
    entry.blocked_until = std::max(entry.blocked_until, now + rest_min);
    return Stray::doubled;
  }
  if (now < entry.foreign_until) {
    entry.foreign_until = now + foreign_memory;
    return Stray::foreign;
  }
  const bool was_owed = std::exchange(entry.owed, false);
  // One may be an answer of ours that was believed lost; what comes again and again is somebody else's.
  const bool again = entry.last_stray != SteadyTime{} && now - entry.last_stray < foreign_memory;
  if (!was_owed) entry.last_stray = now;
  if (was_owed || (entry.answered && !again)) {
    entry.blocked_until = std::max(entry.blocked_until, now + late_answer_max);
    return Stray::late;
  }
  entry.foreign_until = now + foreign_memory;
  return Stray::foreign;
}

void SerialCounts::heard_request(std::uint8_t unit_id, std::uint16_t count, SteadyTime now) {
  if (count == 0 || count > registers_per_request_max) return;
  Count& entry = unit(unit_id).counts[count];
  entry.foreign_until = now + foreign_memory;
}

bool SerialCounts::owes(std::uint8_t unit_id, SteadyTime now) const {
  const auto place = units_.find(unit_id);
  return place != units_.end() && std::ranges::any_of(place->second->counts, [&](const Count& entry) {
           return entry.owed && now < entry.blocked_until;
         });
}

}  // namespace gensetd::link
