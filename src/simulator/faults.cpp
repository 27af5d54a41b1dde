#include "simulator/faults.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/frame.hpp"
#include "modbus/rtu_frame.hpp"
#include "simulator/foreign_frames.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gensetd::simulator {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds foreign_gap{5};  // between a foreign frame and ours: a converter sends them apart
constexpr std::uint64_t lookalike_gap_max = 100;  // ms between an answer like ours and ours

// One fault's fate for one answer: whether it hits, and its own source of what it does then.
struct Fate {
  Fate(std::uint64_t answer_seed, std::uint64_t fault, double probability)
      : random(seed_of_part(answer_seed, fault)), hits(random.chance(probability)) {}

  std::uint64_t below(std::uint64_t limit) { return random.next() % limit; }
  milliseconds up_to(milliseconds most) {
    return milliseconds{below(static_cast<std::uint64_t>(most.count()) + 1)};
  }

  Random random;
  bool hits;
};

std::size_t unit_place(bool rtu) { return rtu ? 0 : 6; }

// `frame` with its last two bytes made its CRC again.
void seal(Bytes& frame) {
  frame.pop_back();
  frame.pop_back();
  frame = with_crc(std::move(frame));
}

Bytes exception_instead(const Bytes& answer, std::uint8_t code, bool rtu) {
  const std::size_t place = unit_place(rtu) + 1;
  Bytes frame(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(place));
  frame.push_back(static_cast<std::uint8_t>(answer[place] | modbus::exception_bit));
  frame.push_back(code);
  if (rtu) return with_crc(std::move(frame));
  frame[4] = 0;
  frame[5] = 3;  // unit id, function, code
  return frame;
}

void append(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

Bytes garbage(Fate& fate) {
  Bytes bytes(1 + fate.below(40));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(fate.below(256));
  return bytes;
}

// `answer` with some registers fewer than requested, and a header that fits.
Bytes shortened(Bytes answer, Fate& fate, bool rtu) {
  const std::size_t count_at = unit_place(rtu) + 2;
  if (answer.size() <= count_at || (answer[count_at - 1] & modbus::exception_bit) != 0) return answer;
  const std::size_t registers = answer[count_at] / 2U;
  if (registers < 2) return answer;
  const std::size_t less = 2 * (1 + fate.below(registers - 1));
  answer[count_at] = static_cast<std::uint8_t>(answer[count_at] - less);
  answer.resize(answer.size() - less);
  if (rtu) {
    seal(answer);
  } else {
    const auto length = static_cast<std::uint16_t>(answer.size() - 6);
    answer[4] = modbus::high_byte(length);
    answer[5] = modbus::low_byte(length);
  }
  return answer;
}

// `segments` with the bytes that come with a response before and behind them.
void add_strays(std::vector<Segment>& segments, const StrayBytes& strays) {
  if (segments.empty()) return;
  if (strays.pause.count() == 0) {
    Bytes& first = segments.front().bytes;
    first.insert(first.begin(), strays.before.begin(), strays.before.end());
    append(segments.back().bytes, strays.behind);
    return;
  }
  if (!strays.before.empty()) {
    const milliseconds pause = std::exchange(segments.front().pause, strays.pause);
    segments.insert(segments.begin(), {strays.before, pause});
  }
  if (!strays.behind.empty()) segments.push_back({strays.behind, strays.pause});
}

// Two to four parts, none of them empty unless the answer is shorter than that.
std::vector<Segment> cut(const Bytes& bytes, Fate& fate) {
  std::vector<std::size_t> edges{0, bytes.size()};
  const std::uint64_t cuts = 1 + fate.below(3);
  for (std::uint64_t made = 0; made < cuts && bytes.size() > 1; ++made)
    edges.push_back(1 + fate.below(bytes.size() - 1));
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<Segment> segments;
  for (std::size_t edge = 0; edge + 1 < edges.size(); ++edge) {
    const auto at = [&](std::size_t index) {
      return bytes.begin() + static_cast<std::ptrdiff_t>(edges[index]);
    };
    const milliseconds pause{edge == 0 ? 0 : 2 + static_cast<int>(fate.below(8))};
    segments.push_back({Bytes(at(edge), at(edge + 1)), pause});
  }
  return segments;
}

// The fates of one answer, in an order that stays: a fault's place is part of its seed.
struct Fates {
  Fates(const Faults& faults, std::uint64_t seed)
      : silence(seed, 0, faults.silence),
        late(seed, 1, faults.late),
        doubled(seed, 2, faults.doubled),
        split(seed, 3, faults.split),
        merge(seed, 4, faults.merge),
        wrong_crc(seed, 5, faults.wrong_crc),
        garbage(seed, 6, faults.garbage),
        exception(seed, 7, faults.exception),
        reset(seed, 8, faults.reset),
        hang(seed, 9, faults.hang),
        wrong_unit(seed, 10, faults.wrong_unit),
        foreign(seed, 11, faults.foreign),
        lookalike(seed, 12, faults.lookalike),
        short_response(seed, 13, faults.short_response),
        strays(seed, 14, faults.strays.chance) {}

  Fate silence, late, doubled, split, merge, wrong_crc, garbage, exception, reset, hang, wrong_unit, foreign,
      lookalike, short_response, strays;
};

// The faults that change the bytes of an answer.
Bytes spoil(Bytes answer, Fates& fates, bool rtu) {
  if (fates.garbage.hits) return garbage(fates.garbage);
  if (fates.exception.hits)
    answer = exception_instead(answer, fates.exception.below(2) == 0 ? device_failure : device_busy, rtu);
  if (fates.short_response.hits) answer = shortened(std::move(answer), fates.short_response, rtu);
  if (fates.wrong_unit.hits) {
    std::uint8_t& unit_id = answer[unit_place(rtu)];
    unit_id = static_cast<std::uint8_t>(unit_id % modbus::rtu_unit_max + 1);
    if (rtu) seal(answer);
  }
  if (fates.wrong_crc.hits && rtu) answer.back() ^= static_cast<std::uint8_t>(1 + fates.wrong_crc.below(255));
  return answer;
}

Bytes foreign_bytes(const Bytes& answer, bool rtu, Fate& fate) {
  ForeignExchange exchange = foreign_exchange(answer, rtu, fate.random);
  Bytes bytes = fate.below(2) == 0 ? std::move(exchange.request) : Bytes{};
  append(bytes, exchange.answer);
  return bytes;
}

// Somebody else's answer like ours, and where it comes.
struct Lookalike {
  Place place = Place::instead;
  std::vector<Segment> segments;
  milliseconds gap{0};
};

Lookalike lookalike_of(const Undelivered& undelivered, const Faults& faults, Fate& fate) {
  const bool rtu = undelivered.protocol == modbus::Protocol::rtu_over_tcp;
  Lookalike found{.place = faults.lookalike_place, .gap = milliseconds{fate.below(lookalike_gap_max) + 1}};
  const auto any_place = static_cast<Place>(1 + fate.below(3));
  if (found.place == Place::anywhere) found.place = any_place;
  const bool request_seen = fate.random.chance(faults.lookalike_request);
  ForeignExchange exchange =
      lookalike_exchange(undelivered.answer, *undelivered.read, *undelivered.registers, rtu, fate.random);
  if (request_seen && rtu) {
    found.segments.push_back({std::move(exchange.request), milliseconds{0}});
    found.segments.push_back({std::move(exchange.answer), foreign_gap});
  } else {
    found.segments.push_back({std::move(exchange.answer), milliseconds{0}});
  }
  return found;
}

void move_behind(std::vector<Segment>& to, std::vector<Segment> segments, milliseconds pause) {
  if (!to.empty() && !segments.empty()) segments.front().pause = std::max(segments.front().pause, pause);
  std::move(segments.begin(), segments.end(), std::back_inserter(to));
}

// What comes when somebody else's answer like ours comes as well.
std::vector<Segment> beside(Lookalike lookalike, std::vector<Segment> ours) {
  if (lookalike.place == Place::instead) return std::move(lookalike.segments);
  if (lookalike.place == Place::before) std::swap(lookalike.segments, ours);
  move_behind(ours, std::move(lookalike.segments), lookalike.gap);
  return ours;
}

}  // namespace

Delivery FaultMaker::deliver(Undelivered undelivered) {
  const bool rtu = undelivered.protocol == modbus::Protocol::rtu_over_tcp;
  Fates fates(faults_, random_.next());
  Delivery delivery{.delay = faults_.delay};
  delivery.reset = fates.reset.hits;
  delivery.hang = fates.hang.hits && !fates.reset.hits;
  if (delivery.reset || delivery.hang) return delivery;

  const Bytes foreign = foreign_bytes(undelivered.answer, rtu, fates.foreign);
  if (fates.foreign.hits) delivery.segments.push_back({foreign, milliseconds{0}});

  const bool can_be_mistaken = undelivered.read && undelivered.registers != nullptr;
  if (fates.lookalike.hits && can_be_mistaken) {
    std::vector<Segment> ours =
        fates.split.hits ? cut(undelivered.answer, fates.split) : std::vector<Segment>{{undelivered.answer}};
    Lookalike lookalike = lookalike_of(undelivered, faults_, fates.lookalike);
    move_behind(delivery.segments, beside(std::move(lookalike), std::move(ours)), foreign_gap);
    return delivery;
  }
  if (fates.silence.hits) return delivery;

  Bytes answer = spoil(std::move(undelivered.answer), fates, rtu);
  milliseconds late_by{0};
  if (fates.late.hits) late_by = faults_.late_by + fates.late.up_to(faults_.late_spread);
  if (fates.doubled.hits) {
    const bool at_once = fates.doubled.below(2) == 0;
    const milliseconds after = at_once ? milliseconds{0} : fates.doubled.up_to(faults_.doubled_by);
    delivery.late.push_back({answer, late_by + after});
  }
  if (fates.merge.hits) {
    delivery.hold = fates.merge.below(2) == 0 && !fates.late.hits;
    if (!delivery.hold) append(answer, foreign);
  }
  if (fates.late.hits) {
    delivery.late.insert(delivery.late.begin(), {std::move(answer), late_by});
    return delivery;
  }
  std::vector<Segment> ours =
      fates.split.hits ? cut(answer, fates.split) : std::vector<Segment>{{std::move(answer)}};
  move_behind(delivery.segments, std::move(ours), foreign_gap);
  if (fates.strays.hits) add_strays(delivery.segments, faults_.strays);
  return delivery;
}

}  // namespace gensetd::simulator
