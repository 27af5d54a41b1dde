#include "controllers.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace gensetd::simulation {
namespace {

using modbus::high_byte;
using modbus::low_byte;
using modbus::number_at;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint8_t read_holding_registers = 3;
constexpr std::size_t tcp_request_length = 12;
constexpr std::size_t rtu_request_length = 8;
constexpr microseconds character_time{1'146};  // 11 bits at 9600 baud
constexpr milliseconds longest_spoiled{1'000};
constexpr modbus::ReadRequest no_request{.count = 0};  // a response to no request

// A request whose response was late or damaged has ended by then.
constexpr seconds stray_delay{10};
constexpr std::uint8_t unused_unit = 9;  // nothing with this unit id is polled

Bytes exception(std::uint8_t code) { return {read_holding_registers | 0x80, code}; }

std::size_t blocks_touched(const profile::Profile& profile, const modbus::ReadRequest& read) {
  return static_cast<std::size_t>(std::ranges::count_if(profile.blocks, [&](const profile::Block& block) {
    return read.first < block.address + block.count && block.address < read.first + read.count;
  }));
}

bool touches(const profile::Block& block, const modbus::ReadRequest& read) {
  return read.first < block.address + block.count && block.address < read.first + read.count;
}

Bytes mangle(RandomSource& chance, Bytes frame) {
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

// TCP's checksum detects damage by the network; errors here were sent by the controller. All
// but the low byte of the transaction id: who gives an answer the id of another request under way, for as
// many registers, cannot be found out.
Bytes mangle_header(RandomSource& chance, Bytes frame) {
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

// A response with fewer registers; or with all of them, and a smaller byte count.
Bytes shortened(PlantModel& plant, Bytes pdu, std::uint16_t count, const std::string& name) {
  if (pdu.front() != read_holding_registers) return pdu;
  constexpr std::size_t head = 2;  // function and byte count
  pdu[1] = static_cast<std::uint8_t>(2 * count);
  const bool lies = plant.chance.happens(0.3);
  plant.trace.act(plant.kernel.now(), lies ? "wrong byte count" : "fewer registers", name);
  if (!lies) pdu.resize(head + 2U * count);
  return pdu;
}

}  // namespace

const char* word(ControllerFault controller_fault) {
  switch (controller_fault) {
    case ControllerFault::none:
      break;
    case ControllerFault::silent:
      return "silent";
    case ControllerFault::late:
      return "late";
    case ControllerFault::lossy:
      return "lossy";
    case ControllerFault::one_lost:
      return "one answer lost";
    case ControllerFault::torn:
      return "torn";
    case ControllerFault::doubled:
      return "doubled";
    case ControllerFault::mangled:
      return "mangled";
    case ControllerFault::strays:
      return "strays";
    case ControllerFault::idle_strays:
      return "idle strays";
    case ControllerFault::own_ids:
      return "own transaction ids";
    case ControllerFault::shortened:
      return "shortened";
    case ControllerFault::busy:
      return "busy";
    case ControllerFault::refuses_block:
      return "refuses a block";
    case ControllerFault::mute_when_merged:
      return "mute when merged";
  }
  return "well";
}

Bytes response_pdu(PlantModel& plant, const ModelController& controller, const modbus::ReadRequest& read) {
  const auto& blocks = controller.profile->blocks;
  if (controller.controller_fault == ControllerFault::busy && plant.chance.happens(0.33)) {
    constexpr std::array<std::uint8_t, 4> codes{5, 6, 10, 11};
    const std::uint8_t code = codes[plant.chance.below(codes.size())];
    plant.trace.act(plant.kernel.now(), fmt::format("exception {}", code), word(controller.controller_fault));
    return exception(code);
  }
  if (controller.controller_fault == ControllerFault::refuses_block &&
      touches(blocks[controller.faulty_block], read))
    return exception(2);
  if (controller.controller_fault == ControllerFault::mute_when_merged &&
      blocks_touched(*controller.profile, read) > 1)
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

GensetModel::GensetModel(PlantModel& plant, std::string its_name, std::string its_address,
                         ModelController its_controller)
    : Peer(std::move(its_name), std::move(its_address), 502),
      controller(std::move(its_controller)),
      plant_(plant) {}

void GensetModel::opened(int connection) {
  if (!ignores_) return;
  const Time until = plant_.kernel.now() + plant_.chance.between(seconds{1}, seconds{4});
  ignores_until_[connection] = until;
  plant_.trace.act(plant_.kernel.now(), "ignores requests", name);
  // A connection that the program opens after a missing response is not a further excuse.
  if (std::exchange(has_responded_, false)) plant_.observer.ignoring_requests(controller, until);
}

void GensetModel::closed(int connection) {
  received_.erase(connection);
  ignores_until_.erase(connection);
}

void GensetModel::begin_ignoring() {
  ignores_ = has_responded_ = true;
  const int connection = plant_.network.newest_connection(*this);
  if (connection == 0) return;
  plant_.network.reset(connection);
  // The loss of the connection is covered by a second attempt; two losses at a time are not.
  const Time now = plant_.kernel.now();
  const bool is_second =
      controller.controller_fault == ControllerFault::one_lost || now < controller.lost_at + loss_pause;
  if (is_second) plant_.observer.response_lost(controller, now);
  controller.lost_at = now;
}

void GensetModel::received(int connection, std::span<const std::uint8_t> bytes) {
  Bytes& buffer = received_[connection];
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  while (buffer.size() >= tcp_request_length) {
    const auto end = buffer.begin() + tcp_request_length;
    const Bytes request(buffer.begin(), end);
    buffer.erase(buffer.begin(), end);
    handle_request(connection, request);
  }
}

void GensetModel::handle_request(int connection, const Bytes& request) {
  if (frozen || controller.controller_fault == ControllerFault::silent) return;
  const auto ignored = ignores_until_.find(connection);
  if (ignored != ignores_until_.end() && plant_.kernel.now() < ignored->second) return;
  if (resets && plant_.chance.happens(0.25)) return plant_.network.reset(connection);
  if (ends_early && plant_.chance.happens(0.25)) return plant_.network.finish(connection);
  const Time work = plant_.chance.between(milliseconds{1}, milliseconds{30});
  free_at_ = std::max(free_at_, plant_.kernel.now()) + work;
  Time at = free_at_;
  if (controller.controller_fault == ControllerFault::late && plant_.chance.happens(0.3)) {
    at += plant_.chance.between(milliseconds{300}, milliseconds{9'000});
    plant_.observer.response_lost(controller, at);
  }
  const modbus::ReadRequest read{.unit_id = request[6],
                                 .function = modbus::Function::holding_registers,
                                 .first = number_at(request, 8),
                                 .count = number_at(request, 10)};
  last_id_ = number_at(request, 0);
  last_read_ = read;
  plant_.kernel.at(at, [this, connection, request, read] { respond(connection, request, read); });
}

// Never that of another outstanding request, which would make it a response to that one.
std::uint16_t GensetModel::own_id(std::uint16_t transaction_id) {
  constexpr int far = 16;
  const bool is_counted = controller.faulty_block % 2 == 0;
  std::uint16_t id = is_counted ? ++own_id_ : std::uint16_t{0};
  if (std::abs(static_cast<std::int16_t>(static_cast<std::uint16_t>(id - transaction_id))) < far)
    id = static_cast<std::uint16_t>(transaction_id + 10 * far);
  plant_.trace.act(plant_.kernel.now(), "answers with its own transaction id", name);
  return id;
}

void GensetModel::respond(int connection, const Bytes& request, const modbus::ReadRequest& read) {
  const std::uint16_t transaction_id = number_at(request, 0);
  const Bytes pdu = response_pdu(plant_, controller, read);
  if (pdu.empty()) return;
  RandomSource& chance = plant_.chance;
  Bytes frame = with_mbap(transaction_id, read.unit_id, pdu);
  switch (controller.controller_fault) {
    case ControllerFault::lossy:
      if (chance.happens(0.25)) return plant_.observer.response_lost(controller, plant_.kernel.now());
      break;
    case ControllerFault::one_lost:
      controller.controller_fault = ControllerFault::none;
      controller.lost_at = plant_.kernel.now();
      return;
    case ControllerFault::strays: {
      const auto other = static_cast<std::uint16_t>(transaction_id - 1 - chance.below(3));
      modbus::ReadRequest elsewhere = read;
      elsewhere.first = static_cast<std::uint16_t>(elsewhere.first + 1 + chance.below(9));
      deliver(connection, with_mbap(other, read.unit_id, response_pdu(plant_, controller, elsewhere)),
              no_request);
      break;
    }
    case ControllerFault::own_ids:
      frame = with_mbap(own_id(transaction_id), read.unit_id, pdu);
      return deliver(connection, std::move(frame), no_request);
    case ControllerFault::shortened:
      if (chance.happens(0.2) && read.count > 1) {
        const auto count = static_cast<std::uint16_t>(1 + chance.below(read.count - 1U));
        frame = with_mbap(transaction_id, read.unit_id, shortened(plant_, pdu, count, name));
        plant_.observer.response_lost(controller, plant_.kernel.now() + longest_spoiled);
        return deliver(connection, std::move(frame), no_request);
      }
      break;
    case ControllerFault::mangled:
      if (chance.happens(0.2)) {
        frame = mangle_header(chance, std::move(frame));
        plant_.observer.response_lost(controller, plant_.kernel.now() + longest_spoiled);
      }
      break;
    case ControllerFault::doubled:
      plant_.kernel.at(plant_.kernel.now() + chance.between(milliseconds{0}, milliseconds{400}),
                       [this, connection, frame] { deliver(connection, frame, no_request); });
      break;
    default:
      break;
  }
  deliver(connection, std::move(frame), read);
}

// `read`: the request of the response; without registers if no request waits for it.
void GensetModel::deliver(int connection, Bytes frame, const modbus::ReadRequest& read) {
  std::function<void()> arrived = [this, read] {
    if (read.count != 0) plant_.observer.responded(*this, read);
  };
  const auto send = [this, connection](Bytes part, std::function<void()> then) {
    plant_.kernel.at(sending_until_, [this, connection, part = std::move(part), then = std::move(then)] {
      plant_.network.deliver(connection, part, then);
    });
  };
  sending_until_ = std::max(sending_until_, plant_.kernel.now());
  if (controller.controller_fault == ControllerFault::torn && frame.size() > 1) {
    const auto cut = static_cast<std::ptrdiff_t>(1 + plant_.chance.below(frame.size() - 1));
    send(Bytes(frame.begin(), frame.begin() + cut), {});
    sending_until_ += plant_.chance.between(milliseconds{1}, milliseconds{120});
    frame.erase(frame.begin(), frame.begin() + cut);
  }
  send(std::move(frame), std::move(arrived));
  if (read.count == 0) return;
  has_responded_ = true;
  if (!closes_after_response) return;
  plant_.kernel.at(sending_until_, [this, connection] {
    plant_.trace.act(plant_.kernel.now(), "closes after an answer", name);
    plant_.network.finish(connection);
  });
}

void GensetModel::stray_later() {
  const Time pause = plant_.chance.between(milliseconds{20}, milliseconds{400});
  plant_.kernel.at(plant_.kernel.now() + stray_delay + pause, [this] { send_stray(); });
}

// Ids before, at and behind the last one; registers and exceptions; of this unit and of others.
void GensetModel::send_stray() {
  if (controller.controller_fault != ControllerFault::idle_strays) return;
  RandomSource& chance = plant_.chance;
  constexpr std::array<std::uint8_t, 3> other_units{0, 2, 255};
  constexpr std::array<std::uint8_t, 5> codes{2, 4, 6, 10, 11};
  const int behind = static_cast<int>(chance.below(7)) - 3;
  const auto id = static_cast<std::uint16_t>(last_id_ + behind);
  const std::uint8_t unit_id =
      chance.happens(0.5) ? controller.unit_id : other_units[chance.below(other_units.size())];
  modbus::ReadRequest read = last_read_;
  read.first = static_cast<std::uint16_t>(read.first + 1 + chance.below(9));
  const bool refuses = chance.happens(0.3);
  const Bytes pdu =
      refuses ? exception(codes[chance.below(codes.size())]) : response_pdu(plant_, controller, read);
  const int connection = plant_.network.newest_connection(*this);
  if (connection != 0) {
    plant_.network.deliver_if(connection, with_mbap(id, unit_id, pdu), [this, behind, refuses] {
      if (!plant_.is_idle(*this)) return false;
      const char* place = behind < 0 ? "before" : behind == 0 ? "at" : "behind";
      plant_.trace.act(plant_.kernel.now(),
                       fmt::format("idle {} with an id {} the last", refuses ? "exception" : "answer", place),
                       name);
      return true;
    });
  }
  plant_.kernel.at(plant_.kernel.now() + chance.between(milliseconds{20}, milliseconds{400}),
                   [this] { send_stray(); });
}

ConverterModel::ConverterModel(PlantModel& plant, std::string its_name, std::string its_address,
                               std::uint16_t its_port, std::vector<ModelController> its_controllers)
    : Peer(std::move(its_name), std::move(its_address), its_port),
      controllers(std::move(its_controllers)),
      plant_(plant) {}

void ConverterModel::closed(int connection) { received_.erase(connection); }

void ConverterModel::received(int connection, std::span<const std::uint8_t> bytes) {
  Bytes& buffer = received_[connection];
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  while (buffer.size() >= rtu_request_length) {
    const auto end = buffer.begin() + rtu_request_length;
    const Bytes request(buffer.begin(), end);
    buffer.erase(buffer.begin(), end);
    if (resets && plant_.chance.happens(0.25)) return plant_.network.reset(connection);
    handle_request(request);
  }
}

void ConverterModel::handle_request(const Bytes& request) {
  if (frozen) return;
  const modbus::ReadRequest read{.unit_id = request[0],
                                 .function = modbus::Function::holding_registers,
                                 .first = number_at(request, 2),
                                 .count = number_at(request, 4)};
  const Time on_line_at = std::max(plant_.kernel.now(), line_free_at_);
  line_free_at_ = on_line_at + character_time * rtu_request_length;
  const auto unit = std::ranges::find_if(
      controllers, [&](const ModelController& one) { return one.unit_id == read.unit_id; });
  if (unit == controllers.end() || unit->controller_fault == ControllerFault::silent) return;
  ModelController& controller = *unit;
  Time at = line_free_at_ + plant_.chance.between(milliseconds{20}, milliseconds{60});
  if (controller.controller_fault == ControllerFault::late && plant_.chance.happens(0.3)) {
    at += plant_.chance.between(milliseconds{300}, milliseconds{9'000});
    plant_.observer.response_lost(controller, at + longest_spoiled);
  }
  plant_.kernel.at(at, [this, &controller, read] { respond(controller, read); });
}

void ConverterModel::respond(ModelController& controller, const modbus::ReadRequest& read) {
  const Bytes pdu = response_pdu(plant_, controller, read);
  if (pdu.empty() || frozen) return;
  RandomSource& chance = plant_.chance;
  Bytes frame = with_crc(read.unit_id, pdu);
  const Time soon = plant_.kernel.now() + longest_spoiled;
  switch (controller.controller_fault) {
    case ControllerFault::lossy:
      if (chance.happens(0.25)) return plant_.observer.response_lost(controller, plant_.kernel.now());
      break;
    case ControllerFault::one_lost:
      controller.controller_fault = ControllerFault::none;
      controller.lost_at = plant_.kernel.now();
      return;
    case ControllerFault::strays: {
      modbus::ReadRequest elsewhere = read;
      // Always of the same count: what somebody else uses is not used for ten minutes, so all would run out.
      elsewhere.count = static_cast<std::uint16_t>(2 + controller.faulty_block);
      if (elsewhere.count == read.count) break;
      send_on_line(with_crc(read.unit_id, response_pdu(plant_, controller, elsewhere)), nullptr);
      plant_.observer.response_lost(controller, soon);
      break;
    }
    case ControllerFault::shortened: {
      // Always of the same count, as above.
      const auto count = static_cast<std::uint16_t>(2 + controller.faulty_block);
      if (count >= read.count || !chance.happens(0.2)) break;
      plant_.observer.response_lost(controller, soon);
      return send_on_line(with_crc(read.unit_id, shortened(plant_, pdu, count, name)), nullptr);
    }
    case ControllerFault::mangled:
      if (chance.happens(0.2)) {
        frame = mangle(chance, std::move(frame));
        plant_.observer.response_lost(controller, soon);
      }
      break;
    case ControllerFault::doubled: {
      const Time again = plant_.kernel.now() + chance.between(milliseconds{0}, milliseconds{400});
      plant_.kernel.at(again, [this, frame, read] {
        send_on_line(frame, nullptr, [this, read] { plant_.observer.response_copied(*this, read); });
      });
      plant_.observer.response_lost(controller, soon);
      break;
    }
    default:
      break;
  }
  send_on_line(std::move(frame), &read);
}

// The converter sends a packet when the line has paused, and now and then within a frame.
void ConverterModel::send_on_line(Bytes bytes, const modbus::ReadRequest* read,
                                  std::function<void()> arrived) {
  const Time begins = std::max(plant_.kernel.now(), line_free_at_);
  line_free_at_ = begins + character_time * static_cast<std::int64_t>(bytes.size());
  std::function<void()> begun;
  if (read != nullptr) {
    arrived = [this, pending = *read] { plant_.observer.responded(*this, pending); };
    begun = [this, pending = *read] { plant_.observer.partly_responded(*this, pending); };
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
  plant_.kernel.at(packed_until_, [this, send, rest, arrived] {
    send(rest, arrived);
    const int connection = plant_.network.newest_connection(*this);
    if (!closes_after_response || !arrived || connection == 0) return;
    plant_.trace.act(plant_.kernel.now(), "closes after an answer", name);
    plant_.network.finish(connection);
  });
}

void ConverterModel::stray_later(ModelController& controller) {
  const Time pause = plant_.chance.between(milliseconds{100}, milliseconds{1'500});
  plant_.kernel.at(plant_.kernel.now() + stray_delay + pause,
                   [this, &controller] { send_stray(controller); });
}

void ConverterModel::send_stray(const ModelController& controller) {
  if (controller.controller_fault != ControllerFault::idle_strays) return;
  RandomSource& chance = plant_.chance;
  // Always of the same count: what somebody else uses is not used for ten minutes, so all would run out.
  modbus::ReadRequest read{.unit_id = controller.unit_id,
                           .function = modbus::Function::holding_registers,
                           .first = static_cast<std::uint16_t>(chance.below(200)),
                           .count = static_cast<std::uint16_t>(2 + controller.faulty_block)};
  if (chance.happens(0.3)) read.unit_id = unused_unit;
  const bool refuses = chance.happens(0.3);
  const Bytes frame = with_crc(read.unit_id, refuses ? exception(4) : response_pdu(plant_, controller, read));
  line_free_at_ =
      std::max(plant_.kernel.now(), line_free_at_) + character_time * static_cast<std::int64_t>(frame.size());
  plant_.kernel.at(line_free_at_, [this, frame, refuses] {
    const int connection = plant_.network.newest_connection(*this);
    if (connection == 0) return;
    plant_.network.deliver_if(connection, frame, [this, refuses] {
      if (!plant_.is_idle(*this)) return false;
      plant_.trace.act(plant_.kernel.now(), refuses ? "exception on an idle line" : "answer on an idle line",
                       name);
      return true;
    });
  });
  plant_.kernel.at(plant_.kernel.now() + chance.between(milliseconds{100}, milliseconds{1'500}),
                   [this, &controller] { send_stray(controller); });
}

void ConverterModel::send_noise() {
  plant_.kernel.at(plant_.kernel.now() + plant_.chance.between(milliseconds{100}, milliseconds{2'000}),
                   [this] {
                     if (!is_noisy) return;
                     Bytes noise(1 + plant_.chance.below(12));
                     for (std::uint8_t& byte : noise)
                       byte = static_cast<std::uint8_t>(plant_.chance.below(256));
                     send_on_line(std::move(noise), nullptr);
                     send_noise();
                   });
}

}  // namespace gensetd::simulation
