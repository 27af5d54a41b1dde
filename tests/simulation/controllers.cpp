#include "controllers.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::simulation {
namespace {

using modbus::high_byte;
using modbus::low_byte;
using modbus::number_at;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint8_t read_holding_registers = 3;
constexpr std::size_t tcp_request_length = 12;
constexpr std::size_t rtu_request_length = 8;
constexpr microseconds character_time{1'146};  // 11 bits at 9600 baud
constexpr milliseconds longest_spoiled{1'000};
constexpr modbus::ReadRequest nobody{.count = 0};  // an answer to no request

Bytes exception(std::uint8_t code) { return {read_holding_registers | 0x80, code}; }

std::size_t blocks_touched(const profile::Profile& profile, const modbus::ReadRequest& read) {
  return static_cast<std::size_t>(std::ranges::count_if(profile.blocks, [&](const profile::Block& block) {
    return read.first < block.address + block.count && block.address < read.first + read.count;
  }));
}

bool touches(const profile::Block& block, const modbus::ReadRequest& read) {
  return read.first < block.address + block.count && block.address < read.first + read.count;
}

Bytes mangle(Chance& chance, Bytes frame) {
  switch (chance.below(3)) {
    case 0:
      frame[chance.below(frame.size())] ^= static_cast<std::uint8_t>(1 + chance.below(255));
      break;
    case 1:
      frame.erase(frame.begin() + static_cast<std::ptrdiff_t>(chance.below(frame.size())));
      break;
    default:
      frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(chance.below(frame.size())),
                   static_cast<std::uint8_t>(chance.below(256)));
  }
  return frame;
}

// TCP's own checksum finds what the network damages; what is wrong here was written so by the controller. All
// but the low byte of the transaction id: who gives an answer the id of another request under way, for as
// many registers, cannot be found out.
Bytes mangle_header(Chance& chance, Bytes frame) {
  constexpr std::size_t header_to_count = 9;  // transaction id to byte count, guide V1.0b, 3.1.3
  const std::size_t place = chance.below(header_to_count - 1);
  frame[place == 0 ? 0 : place + 1] ^= static_cast<std::uint8_t>(1 + chance.below(255));
  return frame;
}

Bytes with_mbap(std::uint16_t transaction_id, std::uint8_t unit_id, const Bytes& pdu) {
  const auto length = static_cast<std::uint16_t>(pdu.size() + 1);
  Bytes frame{high_byte(transaction_id), low_byte(transaction_id), 0,      0,
              high_byte(length),         low_byte(length),         unit_id};
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  return frame;
}

Bytes with_crc(std::uint8_t unit_id, const Bytes& pdu) {
  Bytes frame{unit_id};
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  const std::uint16_t crc = modbus::crc16(frame);
  frame.push_back(low_byte(crc));
  frame.push_back(high_byte(crc));
  return frame;
}

}  // namespace

const char* word(Illness illness) {
  switch (illness) {
    case Illness::none:
      break;
    case Illness::silent:
      return "silent";
    case Illness::late:
      return "late";
    case Illness::lossy:
      return "lossy";
    case Illness::one_lost:
      return "one answer lost";
    case Illness::torn:
      return "torn";
    case Illness::doubled:
      return "doubled";
    case Illness::mangled:
      return "mangled";
    case Illness::strays:
      return "strays";
    case Illness::busy:
      return "busy";
    case Illness::refuses_block:
      return "refuses a block";
    case Illness::mute_when_merged:
      return "mute when merged";
  }
  return "well";
}

Bytes answer_of(Plant& plant, const Controller& controller, const modbus::ReadRequest& read) {
  const auto& blocks = controller.profile->blocks;
  if (controller.illness == Illness::busy && plant.chance.happens(0.33)) return exception(6);
  if (controller.illness == Illness::refuses_block && touches(blocks[controller.sick_block], read))
    return exception(2);
  if (controller.illness == Illness::mute_when_merged && blocks_touched(*controller.profile, read) > 1)
    return {};
  Bytes pdu{read_holding_registers, static_cast<std::uint8_t>(2 * read.count)};
  const auto number = static_cast<std::uint8_t>(controller.device_id);
  for (unsigned index = 0; index < read.count; ++index) {
    const std::uint16_t value = plant.codes.value(number, read.first + index, plant.steady());
    pdu.push_back(high_byte(value));
    pdu.push_back(low_byte(value));
  }
  return pdu;
}

Genset::Genset(Plant& plant, std::string its_name, std::string its_address, Controller its_controller)
    : Peer(std::move(its_name), std::move(its_address), 502),
      controller(std::move(its_controller)),
      plant_(plant) {}

void Genset::closed(int connection) { received_.erase(connection); }

void Genset::received(int connection, std::span<const std::uint8_t> bytes) {
  Bytes& buffer = received_[connection];
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  while (buffer.size() >= tcp_request_length) {
    const auto end = buffer.begin() + tcp_request_length;
    const Bytes request(buffer.begin(), end);
    buffer.erase(buffer.begin(), end);
    asked(connection, request);
  }
}

void Genset::asked(int connection, const Bytes& request) {
  if (frozen || controller.illness == Illness::silent) return;
  if (resets && plant_.chance.happens(0.25)) return plant_.network.reset(connection);
  if (ends_early && plant_.chance.happens(0.25)) return plant_.network.finish(connection);
  const Time work = plant_.chance.between(milliseconds{1}, milliseconds{30});
  free_at_ = std::max(free_at_, plant_.kernel.now()) + work;
  Time at = free_at_;
  if (controller.illness == Illness::late && plant_.chance.happens(0.3)) {
    at += plant_.chance.between(milliseconds{300}, milliseconds{9'000});
    plant_.witness.spoiled(controller, at);
  }
  const modbus::ReadRequest read{
      .unit_id = request[6], .first = number_at(request, 8), .count = number_at(request, 10)};
  plant_.kernel.at(at, [this, connection, request, read] { answer(connection, request, read); });
}

void Genset::answer(int connection, const Bytes& request, const modbus::ReadRequest& read) {
  const std::uint16_t transaction_id = number_at(request, 0);
  const Bytes pdu = answer_of(plant_, controller, read);
  if (pdu.empty()) return;
  Chance& chance = plant_.chance;
  Bytes frame = with_mbap(transaction_id, read.unit_id, pdu);
  switch (controller.illness) {
    case Illness::lossy:
      if (chance.happens(0.25)) return plant_.witness.spoiled(controller, plant_.kernel.now());
      break;
    case Illness::one_lost:
      controller.illness = Illness::none;
      controller.lost_at = plant_.kernel.now();
      return;
    case Illness::strays: {
      const auto other = static_cast<std::uint16_t>(transaction_id - 1 - chance.below(3));
      modbus::ReadRequest elsewhere = read;
      elsewhere.first = static_cast<std::uint16_t>(elsewhere.first + 1 + chance.below(9));
      deliver(connection, with_mbap(other, read.unit_id, answer_of(plant_, controller, elsewhere)), nobody);
      break;
    }
    case Illness::mangled:
      if (chance.happens(0.2)) {
        frame = mangle_header(chance, std::move(frame));
        plant_.witness.spoiled(controller, plant_.kernel.now() + longest_spoiled);
      }
      break;
    case Illness::doubled:
      plant_.kernel.at(plant_.kernel.now() + chance.between(milliseconds{0}, milliseconds{400}),
                       [this, connection, frame] { deliver(connection, frame, nobody); });
      break;
    default:
      break;
  }
  deliver(connection, std::move(frame), read);
}

// `read`: what it answers; of no registers when nobody waits for it.
void Genset::deliver(int connection, Bytes frame, const modbus::ReadRequest& read) {
  std::function<void()> arrived = [this, read] {
    if (read.count != 0) plant_.witness.answered(*this, read);
  };
  const auto send = [this, connection](Bytes part, std::function<void()> then) {
    plant_.kernel.at(sending_until_, [this, connection, part = std::move(part), then = std::move(then)] {
      plant_.network.deliver(connection, part, then);
    });
  };
  sending_until_ = std::max(sending_until_, plant_.kernel.now());
  if (controller.illness == Illness::torn && frame.size() > 1) {
    const auto cut = static_cast<std::ptrdiff_t>(1 + plant_.chance.below(frame.size() - 1));
    send(Bytes(frame.begin(), frame.begin() + cut), {});
    sending_until_ += plant_.chance.between(milliseconds{1}, milliseconds{120});
    frame.erase(frame.begin(), frame.begin() + cut);
  }
  send(std::move(frame), std::move(arrived));
}

Converter::Converter(Plant& plant, std::string its_name, std::string its_address, std::uint16_t its_port,
                     std::vector<Controller> its_controllers)
    : Peer(std::move(its_name), std::move(its_address), its_port),
      controllers(std::move(its_controllers)),
      plant_(plant) {}

void Converter::closed(int connection) { received_.erase(connection); }

void Converter::received(int connection, std::span<const std::uint8_t> bytes) {
  Bytes& buffer = received_[connection];
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  while (buffer.size() >= rtu_request_length) {
    const auto end = buffer.begin() + rtu_request_length;
    const Bytes request(buffer.begin(), end);
    buffer.erase(buffer.begin(), end);
    if (resets && plant_.chance.happens(0.25)) return plant_.network.reset(connection);
    asked(request);
  }
}

void Converter::asked(const Bytes& request) {
  if (frozen) return;
  const modbus::ReadRequest read{
      .unit_id = request[0], .first = number_at(request, 2), .count = number_at(request, 4)};
  const Time on_line_at = std::max(plant_.kernel.now(), line_free_at_);
  line_free_at_ = on_line_at + character_time * rtu_request_length;
  const auto unit =
      std::ranges::find_if(controllers, [&](const Controller& one) { return one.unit_id == read.unit_id; });
  if (unit == controllers.end() || unit->illness == Illness::silent) return;
  Controller& controller = *unit;
  Time at = line_free_at_ + plant_.chance.between(milliseconds{20}, milliseconds{60});
  if (controller.illness == Illness::late && plant_.chance.happens(0.3)) {
    at += plant_.chance.between(milliseconds{300}, milliseconds{9'000});
    plant_.witness.spoiled(controller, at + longest_spoiled);
  }
  plant_.kernel.at(at, [this, &controller, read] { answer(controller, read); });
}

void Converter::answer(Controller& controller, const modbus::ReadRequest& read) {
  const Bytes pdu = answer_of(plant_, controller, read);
  if (pdu.empty() || frozen) return;
  Chance& chance = plant_.chance;
  Bytes frame = with_crc(read.unit_id, pdu);
  const Time soon = plant_.kernel.now() + longest_spoiled;
  switch (controller.illness) {
    case Illness::lossy:
      if (chance.happens(0.25)) return plant_.witness.spoiled(controller, plant_.kernel.now());
      break;
    case Illness::one_lost:
      controller.illness = Illness::none;
      controller.lost_at = plant_.kernel.now();
      return;
    case Illness::strays: {
      modbus::ReadRequest elsewhere = read;
      // Always of the same count: what somebody else uses is not used for ten minutes, so all would run out.
      elsewhere.count = static_cast<std::uint16_t>(2 + controller.sick_block);
      if (elsewhere.count == read.count) break;
      put_on_line(with_crc(read.unit_id, answer_of(plant_, controller, elsewhere)), nullptr);
      plant_.witness.spoiled(controller, soon);
      break;
    }
    case Illness::mangled:
      if (chance.happens(0.2)) {
        frame = mangle(chance, std::move(frame));
        plant_.witness.spoiled(controller, soon);
      }
      break;
    case Illness::doubled: {
      const Time again = plant_.kernel.now() + chance.between(milliseconds{0}, milliseconds{400});
      plant_.kernel.at(again, [this, frame, read] {
        put_on_line(frame, nullptr, [this, read] { plant_.witness.copied(*this, read); });
      });
      plant_.witness.spoiled(controller, soon);
      break;
    }
    default:
      break;
  }
  put_on_line(std::move(frame), &read);
}

// The converter sends a packet when the line has paused, and now and then within a frame.
void Converter::put_on_line(Bytes bytes, const modbus::ReadRequest* read, std::function<void()> arrived) {
  const Time begins = std::max(plant_.kernel.now(), line_free_at_);
  line_free_at_ = begins + character_time * static_cast<std::int64_t>(bytes.size());
  std::function<void()> begun;
  if (read != nullptr) {
    arrived = [this, asked = *read] { plant_.witness.answered(*this, asked); };
    begun = [this, asked = *read] { plant_.witness.partly_answered(*this, asked); };
  }
  const bool cut = plant_.chance.happens(0.3) && bytes.size() > 1;
  const std::size_t first = cut ? 1 + plant_.chance.below(bytes.size() - 1) : bytes.size();
  const Time packed_at = line_free_at_ + plant_.chance.between(milliseconds{4}, milliseconds{50});
  const auto send = [this](const Bytes& part, const std::function<void()>& then) {
    const int connection = plant_.network.newest_connection(*this);
    if (connection != 0) plant_.network.deliver(connection, part, then);
  };
  const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(first);
  if (cut) {
    packed_until_ = std::max(packed_until_, begins + character_time * static_cast<std::int64_t>(first));
    plant_.kernel.at(packed_until_, [send, begun, part = Bytes(bytes.begin(), place)] { send(part, begun); });
  }
  const Bytes rest(cut ? place : bytes.begin(), bytes.end());
  packed_until_ = std::max(packed_until_, packed_at);
  plant_.kernel.at(packed_until_, [send, rest, arrived] { send(rest, arrived); });
}

void Converter::babble() {
  plant_.kernel.at(plant_.kernel.now() + plant_.chance.between(milliseconds{100}, milliseconds{2'000}),
                   [this] {
                     if (!babbles) return;
                     Bytes noise(1 + plant_.chance.below(12));
                     for (std::uint8_t& byte : noise)
                       byte = static_cast<std::uint8_t>(plant_.chance.below(256));
                     put_on_line(std::move(noise), nullptr);
                     babble();
                   });
}

}  // namespace gensetd::simulation
