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

constexpr milliseconds foreign_gap{5};  // between a foreign frame and ours: a converter sends them separately
constexpr std::uint64_t lookalike_gap_max = 100;  // ms between a lookalike and our response

// The random draw of one fault for one response: whether it hits, and a generator for its details.
struct FaultDraw {
  FaultDraw(std::uint64_t response_seed, std::uint64_t fault, double probability)
      : random(seed_of_part(response_seed, fault)), hits(random.chance(probability)) {}

  std::uint64_t below(std::uint64_t limit) { return random.next() % limit; }
  milliseconds up_to(milliseconds most) {
    return milliseconds{below(static_cast<std::uint64_t>(most.count()) + 1)};
  }

  Random random;
  bool hits;
};

std::size_t unit_offset(bool rtu) { return rtu ? 0 : 6; }

// Recalculates the CRC in the last two bytes of `frame`.
void replace_crc(Bytes& frame) {
  frame.pop_back();
  frame.pop_back();
  frame = with_crc(std::move(frame));
}

Bytes exception_for(const Bytes& response, std::uint8_t code, bool rtu) {
  const std::size_t place = unit_offset(rtu) + 1;
  Bytes frame(response.begin(), response.begin() + static_cast<std::ptrdiff_t>(place));
  frame.push_back(static_cast<std::uint8_t>(response[place] | modbus::exception_bit));
  frame.push_back(code);
  if (rtu) return with_crc(std::move(frame));
  frame[4] = 0;
  frame[5] = 3;  // unit id, function, code
  return frame;
}

void append(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

Bytes garbage(FaultDraw& draw) {
  Bytes bytes(1 + draw.below(40));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(draw.below(256));
  return bytes;
}

// `response` with fewer registers than requested and a consistent header.
Bytes shortened(Bytes response, FaultDraw& draw, bool rtu) {
  const std::size_t count_at = unit_offset(rtu) + 2;
  if (response.size() <= count_at || (response[count_at - 1] & modbus::exception_bit) != 0) return response;
  const std::size_t registers = response[count_at] / 2U;
  if (registers < 2) return response;
  const std::size_t less = 2 * (1 + draw.below(registers - 1));
  response[count_at] = static_cast<std::uint8_t>(response[count_at] - less);
  response.resize(response.size() - less);
  if (rtu) {
    replace_crc(response);
  } else {
    const auto length = static_cast<std::uint16_t>(response.size() - 6);
    response[4] = modbus::high_byte(length);
    response[5] = modbus::low_byte(length);
  }
  return response;
}

// Adds the stray bytes before and after the response.
void add_stray_bytes(std::vector<Segment>& segments, const StrayByteOptions& stray_bytes) {
  if (segments.empty()) return;
  if (stray_bytes.pause.count() == 0) {
    Bytes& first = segments.front().bytes;
    first.insert(first.begin(), stray_bytes.before.begin(), stray_bytes.before.end());
    append(segments.back().bytes, stray_bytes.after);
    return;
  }
  if (!stray_bytes.before.empty()) {
    const milliseconds pause = std::exchange(segments.front().pause, stray_bytes.pause);
    segments.insert(segments.begin(), {stray_bytes.before, pause});
  }
  if (!stray_bytes.after.empty()) segments.push_back({stray_bytes.after, stray_bytes.pause});
}

// Two to four parts, none of them empty unless the response is shorter.
std::vector<Segment> cut(const Bytes& bytes, FaultDraw& draw) {
  std::vector<std::size_t> edges{0, bytes.size()};
  const std::uint64_t cuts = 1 + draw.below(3);
  for (std::uint64_t made = 0; made < cuts && bytes.size() > 1; ++made)
    edges.push_back(1 + draw.below(bytes.size() - 1));
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<Segment> segments;
  for (std::size_t edge = 0; edge + 1 < edges.size(); ++edge) {
    const auto at = [&](std::size_t index) {
      return bytes.begin() + static_cast<std::ptrdiff_t>(edges[index]);
    };
    const milliseconds pause{edge == 0 ? 0 : 2 + static_cast<int>(draw.below(8))};
    segments.push_back({Bytes(at(edge), at(edge + 1)), pause});
  }
  return segments;
}

// The draws for one response. The order must not change: a fault's index is part of its seed.
struct FaultDraws {
  FaultDraws(const LineFaults& faults, std::uint64_t seed)
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
        stray_bytes(seed, 14, faults.stray_bytes.chance) {}

  FaultDraw silence, late, doubled, split, merge, wrong_crc, garbage, exception, reset, hang, wrong_unit,
      foreign, lookalike, short_response, stray_bytes;
};

// The faults that change the bytes of a response.
Bytes corrupt(Bytes response, FaultDraws& draws, bool rtu) {
  if (draws.garbage.hits) return garbage(draws.garbage);
  if (draws.exception.hits)
    response = exception_for(response, draws.exception.below(2) == 0 ? device_failure : device_busy, rtu);
  if (draws.short_response.hits) response = shortened(std::move(response), draws.short_response, rtu);
  if (draws.wrong_unit.hits) {
    std::uint8_t& unit_id = response[unit_offset(rtu)];
    unit_id = static_cast<std::uint8_t>(unit_id % modbus::rtu_unit_max + 1);
    if (rtu) replace_crc(response);
  }
  if (draws.wrong_crc.hits && rtu)
    response.back() ^= static_cast<std::uint8_t>(1 + draws.wrong_crc.below(255));
  return response;
}

Bytes foreign_bytes(const Bytes& response, bool rtu, FaultDraw& draw) {
  ForeignExchange exchange = foreign_exchange(response, rtu, draw.random);
  Bytes bytes = draw.below(2) == 0 ? std::move(exchange.request) : Bytes{};
  append(bytes, exchange.response);
  return bytes;
}

// A response to another master that looks like ours, and its position relative to ours.
struct Lookalike {
  LookalikePosition place = LookalikePosition::instead;
  std::vector<Segment> segments;
  milliseconds gap{0};
};

Lookalike lookalike_of(const PendingResponse& pending_response, const LineFaults& faults, FaultDraw& draw) {
  const bool rtu = pending_response.protocol == modbus::Protocol::rtu_over_tcp;
  Lookalike found{.place = faults.lookalike_position, .gap = milliseconds{draw.below(lookalike_gap_max) + 1}};
  const auto any_place = static_cast<LookalikePosition>(1 + draw.below(3));
  if (found.place == LookalikePosition::anywhere) found.place = any_place;
  const bool request_seen = draw.random.chance(faults.lookalike_request);
  ForeignExchange exchange = lookalike_exchange(pending_response.response, *pending_response.read,
                                                *pending_response.registers, rtu, draw.random);
  if (request_seen && rtu) {
    found.segments.push_back({std::move(exchange.request), milliseconds{0}});
    found.segments.push_back({std::move(exchange.response), foreign_gap});
  } else {
    found.segments.push_back({std::move(exchange.response), milliseconds{0}});
  }
  return found;
}

void append_segments(std::vector<Segment>& to, std::vector<Segment> segments, milliseconds pause) {
  if (!to.empty() && !segments.empty()) segments.front().pause = std::max(segments.front().pause, pause);
  std::move(segments.begin(), segments.end(), std::back_inserter(to));
}

// The segments of our response and the lookalike in their order.
std::vector<Segment> with_lookalike(Lookalike lookalike, std::vector<Segment> ours) {
  if (lookalike.place == LookalikePosition::instead) return std::move(lookalike.segments);
  if (lookalike.place == LookalikePosition::before) std::swap(lookalike.segments, ours);
  append_segments(ours, std::move(lookalike.segments), lookalike.gap);
  return ours;
}

}  // namespace

Delivery FaultInjector::deliver(PendingResponse pending_response) {
  const bool rtu = pending_response.protocol == modbus::Protocol::rtu_over_tcp;
  FaultDraws draws(faults_, random_.next());
  Delivery delivery{.delay = faults_.delay};
  delivery.reset = draws.reset.hits;
  delivery.hang = draws.hang.hits && !draws.reset.hits;
  if (delivery.reset || delivery.hang) return delivery;

  const Bytes foreign = foreign_bytes(pending_response.response, rtu, draws.foreign);
  if (draws.foreign.hits) delivery.segments.push_back({foreign, milliseconds{0}});

  const bool can_be_mistaken = pending_response.read && pending_response.registers != nullptr;
  if (draws.lookalike.hits && can_be_mistaken) {
    std::vector<Segment> ours = draws.split.hits ? cut(pending_response.response, draws.split)
                                                 : std::vector<Segment>{{pending_response.response}};
    Lookalike lookalike = lookalike_of(pending_response, faults_, draws.lookalike);
    append_segments(delivery.segments, with_lookalike(std::move(lookalike), std::move(ours)), foreign_gap);
    return delivery;
  }
  if (draws.silence.hits) return delivery;

  Bytes response = corrupt(std::move(pending_response.response), draws, rtu);
  milliseconds late_by{0};
  if (draws.late.hits) late_by = faults_.late_by + draws.late.up_to(faults_.late_spread);
  if (draws.doubled.hits) {
    const bool at_once = draws.doubled.below(2) == 0;
    const milliseconds after = at_once ? milliseconds{0} : draws.doubled.up_to(faults_.doubled_by);
    delivery.late.push_back({response, late_by + after});
  }
  if (draws.merge.hits) {
    delivery.hold = draws.merge.below(2) == 0 && !draws.late.hits;
    if (!delivery.hold) append(response, foreign);
  }
  if (draws.late.hits) {
    delivery.late.insert(delivery.late.begin(), {std::move(response), late_by});
    return delivery;
  }
  std::vector<Segment> ours =
      draws.split.hits ? cut(response, draws.split) : std::vector<Segment>{{std::move(response)}};
  append_segments(delivery.segments, std::move(ours), foreign_gap);
  if (draws.stray_bytes.hits) add_stray_bytes(delivery.segments, faults_.stray_bytes);
  return delivery;
}

}  // namespace gensetd::simulator
