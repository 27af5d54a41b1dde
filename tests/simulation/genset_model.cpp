#include "genset_model.hpp"

#include "modbus/big_endian.hpp"

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
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t tcp_request_length = 12;

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

}  // namespace

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
    case ControllerFault::unsolicited: {
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

void GensetModel::send_unsolicited_later() {
  const Time pause = plant_.chance.between(milliseconds{20}, milliseconds{400});
  plant_.kernel.at(plant_.kernel.now() + unsolicited_delay + pause, [this] { send_unsolicited(); });
}

// Ids before, at and behind the last one; registers and exceptions; of this unit and of others.
void GensetModel::send_unsolicited() {
  if (controller.controller_fault != ControllerFault::idle_unsolicited) return;
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
      refuses ? exception_pdu(codes[chance.below(codes.size())]) : response_pdu(plant_, controller, read);
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
                   [this] { send_unsolicited(); });
}

}  // namespace gensetd::simulation
