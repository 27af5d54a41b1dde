#include "converter_model.hpp"

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

constexpr std::size_t rtu_request_length = 8;
constexpr microseconds character_time{1'146};  // 11 bits at 9600 baud
constexpr std::uint8_t unused_unit = 9;        // nothing with this unit id is polled

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

Bytes with_crc(std::uint8_t unit_id, const Bytes& pdu) {
  Bytes frame{unit_id};
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  const std::uint16_t crc = modbus::crc16(frame);
  frame.push_back(low_byte(crc));
  frame.push_back(high_byte(crc));
  return frame;
}

}  // namespace

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
    case ControllerFault::unsolicited: {
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

void ConverterModel::send_unsolicited_later(ModelController& controller) {
  const Time pause = plant_.chance.between(milliseconds{100}, milliseconds{1'500});
  plant_.kernel.at(plant_.kernel.now() + unsolicited_delay + pause,
                   [this, &controller] { send_unsolicited(controller); });
}

void ConverterModel::send_unsolicited(const ModelController& controller) {
  if (controller.controller_fault != ControllerFault::idle_unsolicited) return;
  RandomSource& chance = plant_.chance;
  // Always of the same count: what somebody else uses is not used for ten minutes, so all would run out.
  modbus::ReadRequest read{.unit_id = controller.unit_id,
                           .function = modbus::Function::holding_registers,
                           .first = static_cast<std::uint16_t>(chance.below(200)),
                           .count = static_cast<std::uint16_t>(2 + controller.faulty_block)};
  if (chance.happens(0.3)) read.unit_id = unused_unit;
  const bool refuses = chance.happens(0.3);
  const Bytes frame =
      with_crc(read.unit_id, refuses ? exception_pdu(4) : response_pdu(plant_, controller, read));
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
                   [this, &controller] { send_unsolicited(controller); });
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
