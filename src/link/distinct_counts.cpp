#include "link/distinct_counts.hpp"

#include "link/extended_request.hpp"
#include "link/retry_policy.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gensetd::link {
namespace {

using modbus::ReadRequest;
using modbus::size_max;

// Longer reads than wanted are tried one at a time, and after one without a response not for this long. So a
// controller that does not respond to them costs a cycle one response, which its second attempt yields.
constexpr std::chrono::seconds longer_read_pause{3};

// After a longer read without a response, wait this long for the wanted count if it is not free: the
// controller may not respond to registers it does not know. Not where other masters use the unit: they may
// use that very count.
constexpr std::chrono::seconds wanted_wait_max{1};

// After that, longer reads are tried again: the line may have been the reason, or the controller was
// replaced.
constexpr std::chrono::hours limit_memory{1};

// Each profile has a dozen reads; a client that keeps reading other ranges must not fill the memory.
constexpr std::size_t extensions_max = 1'024;

}  // namespace

DistinctCounts::Unit& DistinctCounts::unit(std::uint8_t unit_id, modbus::Function function) {
  std::unique_ptr<Unit>& place = units_[{scope_ == Scope::unit ? unit_id : std::uint8_t{0}, function}];
  if (place) return *place;
  place = std::make_unique<Unit>(function);
  // An RTU response with three bytes of bits is as long as a request: nothing tells it from one.
  constexpr std::size_t size_of_request = 3;
  if (scope_ == Scope::unit && modbus::reads_bits(function))
    place->counts[size_of_request].blocked_until = SteadyTime::max();
  return *place;
}

const DistinctCounts::Unit* DistinctCounts::find_unit(std::uint8_t unit_id, modbus::Function function) const {
  const auto place = units_.find({unit_id, function});
  return place == units_.end() ? nullptr : place->second.get();
}

DistinctCounts::ReadExtension& DistinctCounts::extension_of(Unit& unit, const ReadRequest& wanted) {
  const Wanted key{wanted.unit_id, wanted.first, wanted.count};
  const auto [place, is_new] = unit.extensions.try_emplace(key, ReadExtension{.proven = wanted.size()});
  if (is_new && unit.extensions.size() > extensions_max) {
    const auto other = unit.extensions.begin() == place ? std::next(place) : unit.extensions.begin();
    unit.extensions.erase(other);
  }
  return place->second;
}

// When `count` may be requested.
SteadyTime DistinctCounts::free_at(const Unit& unit, const ReadExtension& extension, std::uint16_t count) {
  const SteadyTime foreign_until = unit.counts[count].foreign_until;
  if (count == extension.repeated) return std::max(extension.repeat_from, foreign_until);
  const SteadyTime free_at = std::max(unit.counts[count].blocked_until, foreign_until);
  return count <= extension.proven ? free_at : std::max(free_at, unit.next_longer_read_at);
}

// When the first of the counts is free that got a response from this controller before.
SteadyTime DistinctCounts::proven_free_at(const Unit& unit, const ReadExtension& extension,
                                          const ReadRequest& wanted) {
  SteadyTime earliest = SteadyTime::max();
  for (std::uint16_t count = wanted.size(); count <= extension.proven; ++count)
    earliest = std::min(earliest, free_at(unit, extension, count));
  return earliest;
}

// The best count that may be requested at `now`, or 0.
std::uint16_t DistinctCounts::best_count(const Unit& unit, const ReadExtension& extension,
                                         std::uint16_t least, std::uint16_t most, SteadyTime now) {
  std::uint16_t best = 0;
  for (std::uint16_t count = least; count <= most; ++count) {
    if (free_at(unit, extension, count) > now) continue;
    // After a longer read without a response, first use a count that is known to get one.
    if (extension.suspect != 0 && count <= extension.proven) return count;
    const SteadyTime rests_until = unit.counts[count].rests_until;
    if (rests_until <= now) return count;
    if (best == 0 || rests_until < unit.counts[best].rests_until) best = count;
  }
  return best;
}

// The count that was used longest ago, of the first `rotation` that may be requested at `now`; 0: there is
// none. The count of the connection's last request is used only if there is no other.
std::uint16_t DistinctCounts::next_in_rotation(const Unit& unit, const ReadExtension& extension,
                                               const ReadRequest& wanted, std::uint16_t most,
                                               std::uint16_t rotation, SteadyTime now) const {
  const auto is_last = [&](std::uint16_t count) {
    return unit.counts[count].used == unit.requests && unit.requests != 0;
  };
  // Without rotation there is one unit. A late response to the same read contains the right registers.
  const Count& wanted_count = unit.counts[wanted.size()];
  if (rotation == 1 && wanted_count.used != 0 && wanted_count.first == wanted.first) return wanted.size();
  std::uint16_t best = 0;
  std::uint16_t last = 0;
  std::uint16_t candidates = 0;
  // After a longer read without a response, only counts that got a response from this controller before: it
  // may not respond to registers it does not know.
  const bool only_proven = extension.suspect != 0;
  for (std::uint16_t count = wanted.size(); count <= most && candidates < rotation; ++count) {
    if (free_at(unit, extension, count) > now) continue;
    if (only_proven && count > extension.proven) break;
    if (is_last(count)) {
      last = count;
      continue;
    }
    ++candidates;
    if (best == 0 || unit.counts[count].used < unit.counts[best].used) best = count;
  }
  return best != 0 ? best : last;
}

bool DistinctCounts::is_recent(const Unit& unit, std::uint16_t count) {
  const std::uint64_t used = unit.counts[count].used;
  return used != 0 && unit.requests - used + 1 < rotation_of_gateway;
}

bool DistinctCounts::is_recent(const ReadRequest& request) const {
  const Unit* known = find_unit(scope_ == Scope::unit ? request.unit_id : std::uint8_t{0}, request.function);
  return known != nullptr && is_recent(*known, request.size());
}

DistinctCounts::Choice DistinctCounts::choose(const ReadRequest& wanted, const ExtensionRange& range,
                                              SteadyTime now, std::uint16_t rotation) {
  Unit& known = unit(wanted);
  ReadExtension& extension = extension_of(known, wanted);
  const std::uint16_t least = wanted.size();
  std::uint16_t most = extended_size_max(wanted, range);
  if (now < extension.limited_until) most = std::max(least, std::min(most, extension.limit));
  if (now < known.longer_reads[wanted.unit_id].limited_until)
    most = std::max(least, std::min(most, extension.proven));
  if (scope_ == Scope::unit && extension.suspect != 0 && !known.has_foreign) {
    const SteadyTime proven_at = proven_free_at(known, extension, wanted);
    if (proven_at > now && proven_at - now <= wanted_wait_max) return {wanted, proven_at};
  }
  const std::uint16_t best = scope_ == Scope::unit
                                 ? best_count(known, extension, least, most, now)
                                 : next_in_rotation(known, extension, wanted, most, rotation, now);
  if (best != 0) {
    // A count of the last few requests: their responses would have it too.
    return {extended(wanted, range, best), now, rotation > 1 && is_recent(known, best)};
  }
  // A single controller returns the transaction id, so its late responses are recognised and there is no need
  // to wait.
  if (scope_ == Scope::connection && rotation == 1) return {wanted, now};

  // None is free now: wait for the first one that other masters do not use, and for the count of the last
  // request only if there is no other.
  SteadyTime earliest = SteadyTime::max();
  SteadyTime last_free_at = SteadyTime::max();
  for (std::uint16_t count = least; count <= most; ++count) {
    if (known.counts[count].foreign_until > now) continue;
    const bool is_last = scope_ == Scope::connection && known.counts[count].used == known.requests;
    SteadyTime& first = is_last ? last_free_at : earliest;
    first = std::min(first, free_at(known, extension, count));
  }
  if (earliest == SteadyTime::max()) earliest = last_free_at;
  if (earliest != SteadyTime::max()) return {wanted, earliest};
  // Rather than sending nothing, ignore the limits: lost responses may have caused them.
  LongerReads& longer_reads = known.longer_reads[wanted.unit_id];
  if (now < std::max(extension.limited_until, longer_reads.limited_until)) {
    extension.limited_until = longer_reads.limited_until = now;
    return choose(wanted, range, now, rotation);
  }
  return choose_foreign(known, wanted, range, most, now);
}

// Other masters use all counts that `wanted` could have.
DistinctCounts::Choice DistinctCounts::choose_foreign(const Unit& unit, const ReadRequest& wanted,
                                                      const ExtensionRange& range, std::uint16_t most,
                                                      SteadyTime now) {
  if (most == wanted.size()) return {std::nullopt, now};
  std::uint16_t best = 0;
  SteadyTime best_at = SteadyTime::max();
  for (std::uint16_t count = wanted.size(); count <= most; ++count) {
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
  return {extended(wanted, range, best), best_at, true};
}

std::optional<ReadRequest> DistinctCounts::choose_part(const ReadRequest& wanted, SteadyTime now) {
  const Unit& known = unit(wanted);
  const int whole = wanted.size();
  std::uint16_t best = 0;
  for (int less = 1; less < whole && less <= whole / 2; ++less) {
    const auto count = static_cast<std::uint16_t>(whole - less);
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
  const int less = (whole - best) * modbus::addresses_per_item(wanted.function);
  return ReadRequest{.unit_id = wanted.unit_id,
                     .function = wanted.function,
                     .first = wanted.first,
                     .count = static_cast<std::uint16_t>(wanted.count - less)};
}

void DistinctCounts::sent(const ReadRequest& wanted, const ReadRequest& request, SteadyTime now) {
  Unit& known = unit(wanted);
  Count& entry = known.counts[request.size()];
  entry.used = ++known.requests;
  entry.first = request.first;
  entry.sent_at = now;
  // A gateway and the units behind it mostly refuse unknown registers with an exception.
  if (scope_ == Scope::unit && request.size() > extension_of(known, wanted).proven)
    known.next_longer_read_at = now + longer_read_pause;
}

void DistinctCounts::accepted(const ReadRequest& wanted, const ReadRequest& request, std::uint16_t crc,
                              SteadyTime now) {
  Unit& known = unit(wanted);
  Count& entry = known.counts[request.size()];
  entry.rests_until = now + rest_after_response;
  if (scope_ == Scope::unit) entry.blocked_until = std::max(entry.blocked_until, now + rest_min);
  entry.crc = crc;
  entry.has_crc = true;
  ReadExtension& extension = extension_of(known, wanted);
  extension.repeated = 0;
  if (request.size() < wanted.size()) return;
  const bool was_proven = extension.suspect <= extension.proven;
  if (scope_ == Scope::connection)
    record_longer_read(known.longer_reads[wanted.unit_id], extension, wanted, request, now);
  if (request.size() > extension.proven) known.next_longer_read_at = now;
  extension.proven = std::max(extension.proven, request.size());
  if (extension.suspect > request.size()) {
    extension.least_suspect =
        extension.strikes == 0 ? extension.suspect : std::min(extension.least_suspect, extension.suspect);
    const int strikes_max = !was_proven                   ? strikes_max_unproven
                            : scope_ == Scope::connection ? strikes_max_of_proven_gateway
                                                          : strikes_max_of_proven;
    // Behind a gateway where no longer read ever got a response, none is tried any more. A serial line with
    // other masters needs every possible count.
    const bool to_proven = scope_ == Scope::connection && !was_proven;
    if (++extension.strikes >= strikes_max)
      limit(extension, wanted,
            to_proven ? extension.proven : static_cast<std::uint16_t>(extension.least_suspect - 1), now);
  } else if (request.size() > wanted.size()) {
    extension.strikes = 0;
  }
  extension.suspect = 0;
  extension.refuses = false;
}

// A controller that does not respond to registers it does not know behaves so in all its reads: longer reads
// are not tried for each of them.
void DistinctCounts::record_longer_read(LongerReads& longer_reads, const ReadExtension& extension,
                                        const ReadRequest& wanted, const ReadRequest& request,
                                        SteadyTime now) {
  if (request.size() > wanted.size()) {
    longer_reads = {};
  } else if (extension.suspect > extension.proven && ++longer_reads.strikes >= strikes_max_unproven) {
    longer_reads = {.limited_until = now + limit_memory};
  }
}

void DistinctCounts::no_response(const ReadRequest& wanted, const ReadRequest& request, SteadyTime now) {
  block(wanted, request, now);
  unit(request).counts[request.size()].awaits_response = true;
  ReadExtension& extension = extension_of(unit(wanted), wanted);
  extension.repeated = 0;
  extension.suspect = request.size() > wanted.size() ? request.size() : std::uint16_t{0};
}

void DistinctCounts::unconfirmed_response(const ReadRequest& wanted, const ReadRequest& request,
                                          std::uint16_t crc, SteadyTime now) {
  if (scope_ == Scope::unit) block(wanted, request, now);
  Count& entry = unit(request).counts[request.size()];
  entry.awaits_response = true;
  entry.crc = crc;
  entry.has_crc = true;
}

// Its response may still arrive.
void DistinctCounts::block(const ReadRequest& wanted, const ReadRequest& request, SteadyTime now) {
  Unit& known = unit(request);
  if (wanted.size() == 1 && request.size() == 1) {
    ReadExtension& extension = extension_of(known, wanted);
    extension.repeated = 1;
    extension.repeat_from = now + rest_min;
  }
  Count& entry = known.counts[request.size()];
  entry.rests_until = now + rest_without_response;
  entry.blocked_until = std::max(entry.blocked_until, now + late_response_max);
}

void DistinctCounts::confirmed(const ReadRequest& request, SteadyTime now) {
  Count& entry = unit(request).counts[request.size()];
  entry.rests_until = now + rest_after_response;
  entry.blocked_until = scope_ == Scope::unit ? now + rest_min : now;
  entry.awaits_response = false;
}

void DistinctCounts::limit(ReadExtension& extension, const ReadRequest& wanted, std::uint16_t count,
                           SteadyTime now) {
  extension.limit = std::max(wanted.size(), count);
  extension.proven = std::min(extension.proven, extension.limit);
  extension.limited_until = now + limit_memory;
  extension.strikes = 0;
}

bool DistinctCounts::refused(const ReadRequest& wanted, const ReadRequest& request, std::uint8_t exception,
                             SteadyTime now) {
  Unit& known = unit(wanted);
  ReadExtension& extension = extension_of(known, wanted);
  extension.suspect = 0;
  // Illegal address or value, or a failure of the controller to read (V1.1b3, 7); others do not concern the
  // range. A failure can have other causes. Behind a gateway it must repeat, because fewer counts protect
  // less.
  const bool is_failure = exception == 4;
  const bool is_about_range =
      exception == 2 || exception == 3 || (is_failure && (scope_ == Scope::unit || extension.refuses));
  if (is_about_range && request.size() > extension.proven) {
    limit(extension, wanted, std::max(extension.proven, static_cast<std::uint16_t>(request.size() - 1)), now);
    block(wanted, request, now);
    return true;
  }
  if (!std::exchange(extension.refuses, true)) {
    block(wanted, request, now);
    return true;
  }
  Count& entry = known.counts[request.size()];
  entry.rests_until = now + rest_after_response;
  entry.blocked_until = std::max(entry.blocked_until, now + rest_min);
  return false;
}

UnexpectedResponse DistinctCounts::classify_unexpected(const modbus::ResponseHead& response,
                                                       std::uint16_t crc, SteadyTime now) {
  if (response.size == 0 || response.size > size_max(response.function)) return UnexpectedResponse::foreign;
  Unit& known = unit(response.unit_id, response.function);
  Count& entry = known.counts[response.size];
  if (entry.has_crc && entry.crc == crc) {
    entry.blocked_until = std::max(entry.blocked_until, now + rest_min);
    return UnexpectedResponse::doubled;
  }
  if (now < entry.foreign_until) {
    entry.foreign_until = now + foreign_memory;
    return UnexpectedResponse::foreign;
  }
  const bool was_awaited = std::exchange(entry.awaits_response, false);
  // A single one may be our response that was considered lost. Repeated ones are another master's.
  const bool again = entry.last_stray != SteadyTime{} && now - entry.last_stray < foreign_memory;
  if (!was_awaited) entry.last_stray = now;
  if (was_awaited || (entry.has_crc && !again)) {
    entry.blocked_until = std::max(entry.blocked_until, now + late_response_max);
    return UnexpectedResponse::late;
  }
  entry.foreign_until = now + foreign_memory;
  known.has_foreign = true;
  return UnexpectedResponse::foreign;
}

void DistinctCounts::record_foreign_request(const modbus::ResponseHead& response, SteadyTime now) {
  if (response.size == 0 || response.size > size_max(response.function)) return;
  Unit& known = unit(response.unit_id, response.function);
  known.counts[response.size].foreign_until = now + foreign_memory;
  known.has_foreign = true;
}

std::chrono::nanoseconds DistinctCounts::age(const modbus::ResponseHead& response, SteadyTime now) const {
  const Unit* known = find_unit(response.unit_id, response.function);
  if (known == nullptr || response.size > size_max(response.function)) return {};
  const SteadyTime sent_at = known->counts[response.size].sent_at;
  return sent_at == SteadyTime{} ? std::chrono::nanoseconds{} : now - sent_at;
}

bool DistinctCounts::may_still_respond(std::uint8_t unit_id, modbus::Function function,
                                       SteadyTime now) const {
  const Unit* known = find_unit(unit_id, function);
  return known != nullptr && std::ranges::any_of(known->counts, [&](const Count& entry) {
           return entry.awaits_response && now < entry.blocked_until;
         });
}

}  // namespace gensetd::link
