#include "simulator/faults.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/frame.hpp"

#include <algorithm>

namespace gensetd::simulator {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds foreign_gap{5};  // between a foreign frame and ours: a converter sends them apart

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

}  // namespace

struct FaultMaker::Draws {
  bool silence, late, split, merge, wrong_crc, garbage, exception, reset, wrong_unit, foreign;
  bool merge_with_foreign;
};

Delivery FaultMaker::deliver(Bytes answer, modbus::Protocol protocol) {
  const bool rtu = protocol == modbus::Protocol::rtu_over_tcp;
  const Draws drawn{.silence = happens(faults_.silence),
                    .late = happens(faults_.late),
                    .split = happens(faults_.split),
                    .merge = happens(faults_.merge),
                    .wrong_crc = happens(faults_.wrong_crc),
                    .garbage = happens(faults_.garbage),
                    .exception = happens(faults_.exception),
                    .reset = happens(faults_.reset),
                    .wrong_unit = happens(faults_.wrong_unit),
                    .foreign = happens(faults_.foreign),
                    .merge_with_foreign = happens(0.5)};
  Delivery delivery{.delay = faults_.delay};
  if (drawn.reset) {
    delivery.reset = true;
    return delivery;
  }
  if (drawn.silence) return delivery;
  if (drawn.late) delivery.late_by = faults_.late_by;

  const Bytes foreign = foreign_frame(answer, rtu);
  answer = spoil(std::move(answer), drawn, rtu);
  if (drawn.merge && drawn.merge_with_foreign) {
    append(answer, foreign);
  } else if (drawn.merge) {
    delivery.hold = true;
  }
  if (drawn.foreign) delivery.segments.push_back({foreign, milliseconds{0}});
  std::vector<Segment> ours =
      drawn.split ? cut(answer) : std::vector<Segment>{{std::move(answer), milliseconds{0}}};
  if (drawn.foreign) ours.front().pause = foreign_gap;
  std::move(ours.begin(), ours.end(), std::back_inserter(delivery.segments));
  return delivery;
}

bool FaultMaker::happens(double probability) {
  return static_cast<double>(random_() >> 11) * 0x1.0p-53 < probability;
}

// The faults that change the bytes of an answer.
Bytes FaultMaker::spoil(Bytes answer, const Draws& drawn, bool rtu) {
  if (drawn.garbage) return garbage();
  if (drawn.exception) answer = exception_instead(answer, below(2) == 0 ? device_failure : device_busy, rtu);
  if (drawn.wrong_unit) {
    answer[unit_place(rtu)] = static_cast<std::uint8_t>(answer[unit_place(rtu)] % 247 + 1);
    if (rtu) seal(answer);
  }
  if (drawn.wrong_crc && rtu) answer.back() ^= static_cast<std::uint8_t>(1 + below(255));
  return answer;
}

// Two to four parts, none of them empty unless the answer is shorter than that.
std::vector<Segment> FaultMaker::cut(const Bytes& bytes) {
  std::vector<std::size_t> edges{0, bytes.size()};
  const std::uint64_t cuts = 1 + below(3);
  for (std::uint64_t made = 0; made < cuts && bytes.size() > 1; ++made)
    edges.push_back(1 + below(bytes.size() - 1));
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<Segment> segments;
  for (std::size_t edge = 0; edge + 1 < edges.size(); ++edge) {
    const auto at = [&](std::size_t index) {
      return bytes.begin() + static_cast<std::ptrdiff_t>(edges[index]);
    };
    const milliseconds pause{edge == 0 ? 0 : 2 + static_cast<int>(below(8))};
    segments.push_back({Bytes(at(edge), at(edge + 1)), pause});
  }
  return segments;
}

Bytes FaultMaker::garbage() {
  Bytes bytes(1 + below(40));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(below(256));
  return bytes;
}

// A good frame that answers somebody else. On RTU it is the answer of another unit with our length, or of our
// unit with another length, with or without the other master's request before it; one of our unit with our
// length could be told from the answer by nobody. On Modbus TCP it carries another transaction id.
Bytes FaultMaker::foreign_frame(const Bytes& answer, bool rtu) {
  const bool with_request = below(2) == 0;
  const bool other_unit = below(2) == 0;
  const auto count = static_cast<std::uint8_t>(1 + below(20));
  Bytes frame(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(unit_place(rtu) + 1));
  const std::size_t data_place = frame.size() + 2;
  const std::size_t our_data =
      answer.size() > data_place + 2 ? answer.size() - data_place - (rtu ? 2 : 0) : 0;
  auto data_length = static_cast<std::uint8_t>(2 * count);
  if (!rtu) {
    frame[0] = static_cast<std::uint8_t>(frame[0] ^ 0x80);
    const auto counted = static_cast<std::uint16_t>(3 + data_length);
    frame[4] = modbus::high_byte(counted);
    frame[5] = modbus::low_byte(counted);
  } else if (other_unit) {
    frame[0] = static_cast<std::uint8_t>(frame[0] % 247 + 1);
    if (our_data >= 2) data_length = static_cast<std::uint8_t>(our_data);
  } else if (data_length == our_data) {
    data_length = static_cast<std::uint8_t>(data_length + 2);
  }
  frame.push_back(modbus::read_holding_registers);
  frame.push_back(data_length);
  for (unsigned index = 0; index < data_length; ++index)
    frame.push_back(static_cast<std::uint8_t>(below(256)));
  if (!rtu) return frame;
  frame = with_crc(std::move(frame));
  if (!with_request) return frame;
  Bytes both = with_crc({frame[0], modbus::read_holding_registers, 0, static_cast<std::uint8_t>(below(256)),
                         0, static_cast<std::uint8_t>(data_length / 2)});
  append(both, frame);
  return both;
}

}  // namespace gensetd::simulator
