#include "link/distinct_counts.hpp"

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
// Behind a gateway counts are the only protection against another unit's values, so it takes more where they
// were answered before.
constexpr int strikes_max_of_proven_gateway = 8;

// After a longer read without response, the wanted count is waited for that long when it is not free: the
// controller may be silent to registers that it does not know. Not where others ask the unit: they may ask
// for that very count.
constexpr std::chrono::seconds wanted_wait_max{1};

// After that it is tried anew: it was the line, or there is another controller.
constexpr std::chrono::hours limit_memory{1};

// Each profile has a dozen reads; a client that reads ever other ranges must not fill the memory.
constexpr std::size_t growths_max = 1'024;

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

DistinctCounts::Unit& DistinctCounts::unit(std::uint8_t unit_id) {
  std::unique_ptr<Unit>& place = units_[scope_ == Scope::unit ? unit_id : std::uint8_t{0}];
  if (!place) place = std::make_unique<Unit>();
  return *place;
}

DistinctCounts::Growth& DistinctCounts::growth(Unit& unit, const ReadRequest& wanted) {
  const Wanted key{wanted.unit_id, wanted.first, wanted.count};
  const auto [place, is_new] = unit.growths.try_emplace(key, Growth{.proven = wanted.count});
  if (is_new && unit.growths.size() > growths_max) {
    const auto other = unit.growths.begin() == place ? std::next(place) : unit.growths.begin();
    unit.growths.erase(other);
  }
  return place->second;
}

// From when on `count` may be asked.
SteadyTime DistinctCounts::free_at(const Unit& unit, const Growth& growth, std::uint16_t count) {
  const SteadyTime foreign_until = unit.counts[count].foreign_until;
  if (count == growth.repeated) return std::max(growth.repeat_from, foreign_until);
  const SteadyTime free_at = std::max(unit.counts[count].blocked_until, foreign_until);
  return count <= growth.proven ? free_at : std::max(free_at, unit.next_trial);
}

// When the first of the counts is free that this controller has answered before.
SteadyTime DistinctCounts::proven_free_at(const Unit& unit, const Growth& growth, const ReadRequest& wanted) {
  SteadyTime earliest = SteadyTime::max();
  for (std::uint16_t count = wanted.count; count <= growth.proven; ++count)
    earliest = std::min(earliest, free_at(unit, growth, count));
  return earliest;
}

// The best count of those that may be asked at `now`, or 0.
std::uint16_t DistinctCounts::best_count(const Unit& unit, const Growth& growth, std::uint16_t least,
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

// The count that was used longest ago, of the first `turns` that may be asked at `now`; 0: there is none. The
// count of the last request on the connection is taken only when there is no other.
std::uint16_t DistinctCounts::next_turn(const Unit& unit, const Growth& growth, const ReadRequest& wanted,
                                        std::uint16_t most, std::uint16_t turns, SteadyTime now) const {
  const auto is_last = [&](std::uint16_t count) {
    return unit.counts[count].used == unit.requests && unit.requests != 0;
  };
  // Without turns there is one unit. A late response to the same read has the right registers.
  const Count& wanted_count = unit.counts[wanted.count];
  if (turns == 1 && wanted_count.used != 0 && wanted_count.first == wanted.first) return wanted.count;
  std::uint16_t best = 0;
  std::uint16_t last = 0;
  std::uint16_t candidates = 0;
  // After a longer read without response, only counts that this controller has answered before: it may not
  // respond to registers that it does not know.
  const bool only_proven = growth.suspect != 0;
  for (std::uint16_t count = wanted.count; count <= most && candidates < turns; ++count) {
    if (free_at(unit, growth, count) > now) continue;
    if (only_proven && count > growth.proven) break;
    if (is_last(count)) {
      last = count;
      continue;
    }
    ++candidates;
    if (best == 0 || unit.counts[count].used < unit.counts[best].used) best = count;
  }
  return best != 0 ? best : last;
}

DistinctCounts::Choice DistinctCounts::choose(const ReadRequest& wanted, const Room& room, SteadyTime now,
                                              std::uint16_t turns) {
  Unit& known = unit(wanted.unit_id);
  Growth& grows = growth(known, wanted);
  std::uint16_t most = count_max(wanted, room);
  if (now < grows.limited_until) most = std::max(wanted.count, std::min(most, grows.limit));
  if (now < known.trials[wanted.unit_id].limited_until)
    most = std::max(wanted.count, std::min(most, grows.proven));
  if (scope_ == Scope::unit && grows.suspect != 0 && !known.has_foreign) {
    const SteadyTime answered_at = proven_free_at(known, grows, wanted);
    if (answered_at > now && answered_at - now <= wanted_wait_max) return {wanted, answered_at};
  }
  const std::uint16_t best = scope_ == Scope::unit ? best_count(known, grows, wanted.count, most, now)
                                                   : next_turn(known, grows, wanted, most, turns, now);
  if (best != 0) {
    // A count of the last few requests: the response to one of those would have it too.
    const std::uint64_t used = known.counts[best].used;
    const bool is_recent = turns > 1 && used != 0 && known.requests - used + 1 < turns_of_gateway;
    return {grown(wanted, room, best), now, is_recent};
  }
  // A single controller returns the transaction id, so that its late responses are known: it is not kept
  // waiting.
  if (scope_ == Scope::connection && turns == 1) return {wanted, now};

  // None now: when the first one is free again, if it is not somebody else's.
  SteadyTime earliest = SteadyTime::max();
  for (std::uint16_t count = wanted.count; count <= most; ++count) {
    const bool is_last = scope_ == Scope::connection && known.counts[count].used == known.requests;
    if (known.counts[count].foreign_until <= now && !is_last)
      earliest = std::min(earliest, free_at(known, grows, count));
  }
  if (earliest != SteadyTime::max()) return {wanted, earliest};
  // Rather than not to ask at all: a line that loses answers may have made the controller look like that.
  Trials& trials = known.trials[wanted.unit_id];
  if (now < std::max(grows.limited_until, trials.limited_until)) {
    grows.limited_until = trials.limited_until = now;
    return choose(wanted, room, now, turns);
  }
  return choose_foreign(known, wanted, room, most, now);
}

// Others request all counts that `wanted` could have.
DistinctCounts::Choice DistinctCounts::choose_foreign(const Unit& unit, const ReadRequest& wanted,
                                                      const Room& room, std::uint16_t most, SteadyTime now) {
  if (most == wanted.count) return {std::nullopt, now};
  std::uint16_t best = 0;
  SteadyTime best_at = SteadyTime::max();
  for (std::uint16_t count = wanted.count; count <= most; ++count) {
    const Count& entry = unit.counts[count];
    const SteadyTime exchange_over = entry.foreign_until - foreign_memory + rest_min;
    const SteadyTime free_at = std::max({entry.blocked_until, exchange_over, now});
    const bool is_older =
        best != 0 && free_at == best_at && entry.foreign_until < unit.counts[best].foreign_until;
    if (best == 0 || free_at < best_at || is_older) {
      best = count;
      best_at = free_at;
    }
  }
  return {grown(wanted, room, best), best_at, true};
}

std::optional<ReadRequest> DistinctCounts::choose_part(const ReadRequest& wanted, SteadyTime now) {
  const Unit& known = unit(wanted.unit_id);
  std::uint16_t best = 0;
  for (int less = 1; less < wanted.count && less <= wanted.count / 2; ++less) {
    const auto count = static_cast<std::uint16_t>(wanted.count - less);
    if (std::max(known.counts[count].blocked_until, known.counts[count].foreign_until) > now) continue;
    if (scope_ == Scope::connection) {
      if (known.counts[count].used == known.requests) continue;
      if (best == 0 || known.counts[count].used < known.counts[best].used) best = count;
      continue;
    }
    const bool rests = known.counts[count].rests_until > now;
    if (best == 0 || !rests) best = count;
    if (!rests) break;
  }
  if (best == 0) return std::nullopt;
  return ReadRequest{.unit_id = wanted.unit_id, .first = wanted.first, .count = best};
}

void DistinctCounts::sent(const ReadRequest& wanted, const ReadRequest& asked, SteadyTime now) {
  Unit& known = unit(wanted.unit_id);
  Count& entry = known.counts[asked.count];
  entry.used = ++known.requests;
  entry.first = asked.first;
  entry.sent_at = now;
  // A gateway and what stands behind it refuse unknown registers by an exception, mostly.
  if (scope_ == Scope::unit && asked.count > growth(known, wanted).proven)
    known.next_trial = now + trial_pause;
}

void DistinctCounts::answered(const ReadRequest& wanted, const ReadRequest& asked, std::uint16_t crc,
                              SteadyTime now) {
  Unit& known = unit(wanted.unit_id);
  Count& entry = known.counts[asked.count];
  entry.rests_until = now + rest_answered;
  if (scope_ == Scope::unit) entry.blocked_until = std::max(entry.blocked_until, now + rest_min);
  entry.crc = crc;
  entry.answered = true;
  Growth& grows = growth(known, wanted);
  grows.repeated = 0;
  if (asked.count < wanted.count) return;
  const bool was_proven = grows.suspect <= grows.proven;
  if (scope_ == Scope::connection) note_trial(known.trials[wanted.unit_id], grows, wanted, asked, now);
  if (asked.count > grows.proven) known.next_trial = now;
  grows.proven = std::max(grows.proven, asked.count);
  if (grows.suspect > asked.count) {
    grows.least_suspect = grows.strikes == 0 ? grows.suspect : std::min(grows.least_suspect, grows.suspect);
    const int strikes_max = !was_proven                   ? strikes_max_of_trials
                            : scope_ == Scope::connection ? strikes_max_of_proven_gateway
                                                          : strikes_max_of_proven;
    // Behind a gateway where no longer read was ever answered none is tried any more. A serial line with
    // other masters needs every count that it can get.
    const bool to_proven = scope_ == Scope::connection && !was_proven;
    if (++grows.strikes >= strikes_max)
      limit(grows, wanted, to_proven ? grows.proven : static_cast<std::uint16_t>(grows.least_suspect - 1),
            now);
  } else if (asked.count > wanted.count) {
    grows.strikes = 0;
  }
  grows.suspect = 0;
  grows.refuses = false;
}

// A controller that is silent to registers that it does not know is so in all its reads: it is not tried for
// each of them.
void DistinctCounts::note_trial(Trials& trials, const Growth& grows, const ReadRequest& wanted,
                                const ReadRequest& asked, SteadyTime now) {
  if (asked.count > wanted.count) {
    trials = {};
  } else if (grows.suspect > grows.proven && ++trials.strikes >= strikes_max_of_trials) {
    trials = {.limited_until = now + limit_memory};
  }
}

void DistinctCounts::unanswered(const ReadRequest& wanted, const ReadRequest& asked, SteadyTime now) {
  block(wanted, asked, now);
  unit(asked.unit_id).counts[asked.count].owed = true;
  Growth& grows = growth(unit(wanted.unit_id), wanted);
  grows.repeated = 0;
  grows.suspect = asked.count > wanted.count ? asked.count : std::uint16_t{0};
}

void DistinctCounts::disbelieved(const ReadRequest& wanted, const ReadRequest& asked, std::uint16_t crc,
                                 SteadyTime now) {
  if (scope_ == Scope::unit) block(wanted, asked, now);
  Count& entry = unit(asked.unit_id).counts[asked.count];
  entry.owed = true;
  entry.crc = crc;
  entry.answered = true;
}

// Its answer may still come.
void DistinctCounts::block(const ReadRequest& wanted, const ReadRequest& asked, SteadyTime now) {
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

void DistinctCounts::confirmed(const ReadRequest& asked, SteadyTime now) {
  Count& entry = unit(asked.unit_id).counts[asked.count];
  entry.rests_until = now + rest_answered;
  entry.blocked_until = scope_ == Scope::unit ? now + rest_min : now;
  entry.owed = false;
}

void DistinctCounts::limit(Growth& grows, const ReadRequest& wanted, std::uint16_t count, SteadyTime now) {
  grows.limit = std::max(wanted.count, count);
  grows.proven = std::min(grows.proven, grows.limit);
  grows.limited_until = now + limit_memory;
  grows.strikes = 0;
}

bool DistinctCounts::refused(const ReadRequest& wanted, const ReadRequest& asked, std::uint8_t exception,
                             SteadyTime now) {
  Unit& known = unit(wanted.unit_id);
  Growth& grows = growth(known, wanted);
  grows.suspect = 0;
  // Illegal address or value, or a controller's failure to read (V1.1b3, 7); others are not about the range.
  // A failure can have other causes. Behind a gateway it must repeat, because fewer counts protect less.
  const bool is_failure = exception == 4;
  const bool is_about_range =
      exception == 2 || exception == 3 || (is_failure && (scope_ == Scope::unit || grows.refuses));
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

Stray DistinctCounts::heard_answer(std::uint8_t unit_id, std::uint16_t count, std::uint16_t crc,
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
  unit(unit_id).has_foreign = true;
  return Stray::foreign;
}

void DistinctCounts::heard_request(std::uint8_t unit_id, std::uint16_t count, SteadyTime now) {
  if (count == 0 || count > registers_per_request_max) return;
  unit(unit_id).counts[count].foreign_until = now + foreign_memory;
  unit(unit_id).has_foreign = true;
}

std::chrono::nanoseconds DistinctCounts::age(std::uint8_t unit_id, std::uint16_t count,
                                             SteadyTime now) const {
  const auto place = units_.find(unit_id);
  if (place == units_.end() || count > registers_per_request_max) return {};
  const SteadyTime sent_at = place->second->counts[count].sent_at;
  return sent_at == SteadyTime{} ? std::chrono::nanoseconds{} : now - sent_at;
}

bool DistinctCounts::owes(std::uint8_t unit_id, SteadyTime now) const {
  const auto place = units_.find(unit_id);
  return place != units_.end() && std::ranges::any_of(place->second->counts, [&](const Count& entry) {
           return entry.owed && now < entry.blocked_until;
         });
}

}  // namespace gensetd::link
