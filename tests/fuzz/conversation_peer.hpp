#pragma once

#include "check.hpp"
#include "link/conversation.hpp"
#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <fuzzer/FuzzedDataProvider.h>
#include <span>
#include <string_view>
#include <vector>

// The controllers behind the connection of a fuzzed conversation, and the frames that they send.
namespace gensetd::fuzz {

using link::SteadyTime;
using modbus::ReadRequest;
using Bytes = std::vector<std::uint8_t>;

inline constexpr std::uint16_t addresses = 128;
inline constexpr unsigned numbers = 64;

// A register contains its unit, its address, and the number of the request that read it. The high byte is
// at least 0x80, so no frame of units 1 to 3 can begin within the registers of another frame.
constexpr std::uint16_t register_value(unsigned unit_id, unsigned address, std::uint64_t number) {
  return static_cast<std::uint16_t>(0x8000U | unit_id % 4 << 13 | address % addresses << 6 |
                                    number % numbers);
}

// Whether `registers` are those of `wanted`, read by a request with a number from `first` to `last`.
inline bool encode(std::span<const std::uint8_t> registers, const ReadRequest& wanted, std::uint64_t first,
                   std::uint64_t last) {
  for (unsigned index = 0; index < wanted.count; ++index) {
    const unsigned value = modbus::number_at(registers, 2U * index);
    if (value / numbers != register_value(wanted.unit_id, wanted.first + index, 0) / numbers) return false;
    const std::uint64_t after_first = (value + numbers - first % numbers) % numbers;
    if (after_first > last - first) return false;
  }
  return true;
}

struct SentRequest {
  ReadRequest read;
  std::uint16_t transaction_id = 0;
  std::uint64_t number = 0;
  SteadyTime sent_at{};
  SteadyTime deadline{};
  bool open = true;            // the conversation may still wait for its response
  std::uint64_t sequence = 0;  // counts the requests
};

inline SentRequest parse_request(const link::Send& send) {
  const std::span<const std::uint8_t> bytes(send.bytes);
  const bool is_serial = send.length == modbus::rtu_request_length;
  const std::size_t unit_at = is_serial ? 0 : 6;
  check(is_serial || send.length == modbus::tcp_request_length);
  check(!is_serial || modbus::crc16(bytes.first(send.length)) == 0);
  check(bytes[unit_at + 1] == modbus::code_of(modbus::Function::holding_registers));
  SentRequest request{.read = {.unit_id = bytes[unit_at],
                               .function = modbus::Function::holding_registers,
                               .first = modbus::number_at(bytes, unit_at + 2),
                               .count = modbus::number_at(bytes, unit_at + 4)}};
  if (!is_serial) request.transaction_id = modbus::number_at(bytes, 0);
  check(request.read.count >= 1 && request.read.count <= modbus::registers_per_request_max);
  check(request.read.first + request.read.count <= 65'536);
  return request;
}

// A frame around function and data.
inline Bytes framed(bool is_serial, std::uint16_t transaction_id, std::uint8_t unit_id, const Bytes& pdu) {
  Bytes frame;
  if (!is_serial) {
    const auto length = static_cast<std::uint16_t>(pdu.size() + 1);
    frame = {modbus::high_byte(transaction_id), modbus::low_byte(transaction_id), 0, 0,
             modbus::high_byte(length),         modbus::low_byte(length)};
  }
  frame.push_back(unit_id);
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  if (is_serial) {
    const std::uint16_t crc = modbus::crc16(frame);
    frame.push_back(modbus::low_byte(crc));
    frame.push_back(modbus::high_byte(crc));
  }
  return frame;
}

inline Bytes registers_pdu(unsigned unit_id, unsigned first, unsigned count, std::uint64_t number) {
  Bytes pdu{modbus::code_of(modbus::Function::holding_registers), static_cast<std::uint8_t>(2 * count)};
  for (unsigned index = 0; index < count; ++index) {
    const std::uint16_t value = register_value(unit_id, first + index, number);
    pdu.push_back(modbus::high_byte(value));
    pdu.push_back(modbus::low_byte(value));
  }
  return pdu;
}

inline Bytes exception_pdu(std::uint8_t code) {
  return {modbus::code_of(modbus::Function::holding_registers) | modbus::exception_bit, code};
}

inline constexpr std::size_t requests_max = 32;
inline constexpr std::size_t wire_max = 2'048;

// Limits of an honest line (docs/design/serial-line.md): later responses and copies count as forged.
inline constexpr std::chrono::milliseconds response_time_max{9'900};
inline constexpr std::chrono::milliseconds copy_time_max{400};

// The same for a gateway with several units: by how many requests its responses may be late.
inline constexpr std::uint64_t requests_behind_max = 7;

// Controllers whose behaviour the input decides. A function that puts bytes on the wire returns how many
// bytes of the wire arrive now. The controllers respond honestly until `forged` is set: from then on their
// bytes cannot be distinguished from those of others.
class FuzzedPeer {
 public:
  explicit FuzzedPeer(FuzzedDataProvider& in) : in_(in) {}

  // Set before each act.
  SteadyTime now{};
  std::uint64_t number = 0;
  bool connected = false;
  bool serial = false;
  bool forged = false;

  // A gateway from Modbus TCP to a serial line with all units behind it. Its receive buffer contains real
  // responses, in their order. It uses the oldest one as the response to its newest request, with that
  // request's transaction id. So after a late or doubled response all its responses are late by one request.
  bool gateway = false;
  bool forgets_when_closed = false;  // its buffer belongs to the connection

  void receive_request(SentRequest request) {
    request.sequence = ++request_count_;
    if (requests_.size() == requests_max) requests_.erase(requests_.begin());
    requests_.push_back(request);
    last_id_ = request.transaction_id;
    last_ = request;
    recent_[request_count_ % recent_.size()] = request;
    gateway_waits_ = true;
  }

  // Requests whose response the conversation is certain to be waiting for.
  std::size_t open_requests(SteadyTime time) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        requests_, [&](const SentRequest& request) { return request.open && request.deadline > time; }));
  }
  void mark_all_uncertain() {
    for (SentRequest& request : requests_) request.open = false;
  }
  // A transaction with this unit has ended; which request it was cannot be seen.
  void ended(std::uint8_t unit_id) {
    for (SentRequest& request : requests_) {
      if (request.read.unit_id == unit_id) request.open = false;
    }
  }

  void connection_ended() {
    mark_all_uncertain();
    // A converter sends the bytes in its buffer to the next connection.
    if (serial) return;
    gateway_waits_ = false;
    if (forgets_when_closed) buffer_.clear();
    // Controllers behind a gateway do not notice connections.
    if (!gateway) requests_.clear();
    wire_.clear();
    copyable_.clear();
  }

  // The next bytes that arrive, at most `length`.
  Bytes take(std::size_t length) {
    length = std::min(length, wire_.size());
    if (length != 0 && serial && now - wire_since_ > response_time_max) forged = true;
    const auto end = wire_.begin() + static_cast<std::ptrdiff_t>(length);
    Bytes bytes(wire_.begin(), end);
    wire_.erase(wire_.begin(), end);
    if (wire_.empty()) damaged_ = false;
    return bytes;
  }

  std::size_t respond_now() { return gateway ? gateway_acts() : respond(true); }
  std::size_t respond_later() {
    if (!gateway) return respond(false);
    controller_responds(some_request());
    return 0;
  }

  std::size_t refuse() {
    if (gateway && in_.ConsumeBool()) return gateway_refuses();
    const SentRequest* request = some_request();
    if (request == nullptr) return 0;
    note_age(*request);
    const std::uint8_t code = in_.PickValueInArray<std::uint8_t>({1, 2, 3, 4, 5, 6, 10, 11, 0, 255});
    if (gateway) {
      controller_responds(request, exception_pdu(code));
      return gateway_takes();
    }
    put(framed(serial, request->transaction_id, request->read.unit_id, exception_pdu(code)),
        request->sent_at);
    requests_.erase(requests_.begin() + (request - requests_.data()));
    return wire_.size();
  }

  std::size_t copy_last() {
    if (gateway) return double_last();
    if (copyable_.empty()) return 0;
    if (serial && now - copyable_at_ > copy_time_max) return 0;
    put(copyable_, now);
    return wire_.size();
  }

  // Flips one bit, which every CRC detects. A gateway discards its receive buffer.
  std::size_t damage() {
    buffer_.clear();
    if (!serial || wire_.empty() || damaged_) return 0;
    damaged_ = true;
    wire_[in_.ConsumeIntegralInRange<std::size_t>(0, wire_.size() - 1)] ^=
        static_cast<std::uint8_t>(1U << in_.ConsumeIntegralInRange(0, 7));
    // The conversation may end its request without a report.
    mark_all_uncertain();
    return 0;
  }

  // A valid Modbus TCP frame that responds to no request of this connection, or has another unit or length.
  std::size_t stray_frame() {
    if (!wire_.empty() || !connected) return 0;
    const auto id = static_cast<std::uint16_t>(last_id_ + in_.ConsumeIntegralInRange(-3, 3));
    const auto unit_id = in_.ConsumeIntegralInRange<std::uint8_t>(0, 4);
    const auto count = in_.PickValueInArray<std::uint16_t>({1, 2, 3, 4, 10, 36, 120});
    const bool is_exception = in_.ConsumeBool();
    const auto fits = [&](const SentRequest& request) {
      return request.transaction_id == id && request.read.unit_id == unit_id &&
             (is_exception || request.read.count == count);
    };
    // Also a request that has its response: stray bytes may have hidden that.
    const bool could_be_ours = std::ranges::any_of(recent_, fits);
    if (could_be_ours && !is_exception) return 0;
    mark_all_uncertain();
    put(framed(false, id, unit_id, is_exception ? exception_pdu(4) : registers_pdu(0, 0, count, 0)), now);
    return wire_.size();
  }

  // A valid RTU frame of another master or client: a request, or a response that differs from ours.
  std::size_t foreign_frame() {
    if (!wire_.empty() || !connected) return 0;
    const auto unit_id = in_.ConsumeIntegralInRange<std::uint8_t>(1, 4);
    const auto count = in_.ConsumeIntegralInRange<std::uint16_t>(1, 40);
    mark_all_uncertain();
    if (in_.ConsumeBool()) {
      const auto request = modbus::encode_rtu(
          {.unit_id = unit_id, .function = modbus::Function::holding_registers, .first = 5, .count = count});
      put(Bytes(request.begin(), request.end()), now);
      return wire_.size();
    }
    const auto fits = [&](const SentRequest& request) {
      return request.read.unit_id == unit_id && request.read.count == count;
    };
    // Also a request that has its response: that may have been discarded as late, so that the request is
    // still pending.
    const bool could_be_ours = std::ranges::any_of(requests_, fits) || std::ranges::any_of(recent_, fits);
    if (could_be_ours) return 0;
    put(framed(true, 0, unit_id, registers_pdu(0, 0, count, 0)), now);
    return wire_.size();
  }

  std::size_t stray_bytes() {
    constexpr std::string_view identity = "www.usr.cn";
    const auto kind = in_.ConsumeIntegralInRange(0, 2);
    Bytes bytes(in_.ConsumeIntegralInRange<std::size_t>(1, 8), kind == 0 ? 0x00 : 0xFF);
    if (kind == 2) bytes.assign(identity.begin(), identity.end());
    put(bytes, now);
    return in_.ConsumeBool() ? wire_.size() : 0;
  }

  // From here on values are not checked: such bytes cannot be distinguished from a controller's.
  std::size_t forge() {
    const SentRequest* request = some_request();
    ReadRequest read = request == nullptr ? ReadRequest{} : request->read;
    auto id = request == nullptr ? last_id_ : request->transaction_id;
    id = static_cast<std::uint16_t>(id + in_.ConsumeIntegralInRange(-2, 2));
    read.unit_id = static_cast<std::uint8_t>(read.unit_id + in_.ConsumeIntegralInRange(-1, 1));
    read.count =
        static_cast<std::uint16_t>(std::clamp(read.count + in_.ConsumeIntegralInRange(-1, 1), 1, 125));
    Bytes pdu = registers_pdu(read.unit_id, in_.ConsumeIntegralInRange(0U, 9U), read.count, number);
    if (in_.ConsumeBool()) pdu = exception_pdu(in_.ConsumeIntegral<std::uint8_t>());
    if (in_.ConsumeBool())
      pdu.at(in_.ConsumeIntegralInRange<std::size_t>(0, 1)) = in_.ConsumeIntegral<std::uint8_t>();
    forged = true;
    put(framed(in_.ConsumeBool() ? serial : !serial, id, read.unit_id, pdu), now);
    return wire_.size();
  }

  std::size_t raw_bytes() {
    forged = true;
    put(in_.ConsumeBytes<std::uint8_t>(in_.ConsumeIntegralInRange<std::size_t>(1, 64)), now);
    return in_.ConsumeIntegralInRange<std::size_t>(1, wire_.size() + 1);
  }

 private:
  // A response in the gateway's buffer.
  struct Reply {
    std::uint64_t sequence = 0;
    std::uint8_t unit_id = 0;
    SteadyTime requested_at{};
    Bytes pdu;
  };

  // A controller responds to a request, with registers unless `pdu` is given.
  void controller_responds(const SentRequest* request, Bytes pdu = {}) {
    if (request == nullptr) return;
    const ReadRequest& read = request->read;
    if (pdu.empty()) pdu = registers_pdu(read.unit_id, read.first, read.count, request->number);
    last_reply_ = {.sequence = request->sequence,
                   .unit_id = read.unit_id,
                   .requested_at = request->sent_at,
                   .pdu = std::move(pdu)};
    requests_.erase(requests_.begin() + (request - requests_.data()));
    receive(last_reply_);
  }

  std::size_t double_last() {
    if (last_reply_.sequence != 0) receive(last_reply_);
    return 0;
  }

  void receive(const Reply& reply) {
    if (now - reply.requested_at > response_time_max) forged = true;
    buffer_.push_back(reply);
    if (buffer_.size() > requests_behind_max) buffer_.pop_front();
  }

  std::size_t gateway_acts() {
    if (in_.ConsumeBool()) controller_responds(some_request());
    return gateway_takes();
  }

  std::size_t gateway_takes() {
    if (!gateway_waits_ || buffer_.empty()) return 0;
    const Reply reply = std::move(buffer_.front());
    buffer_.pop_front();
    if (last_.sequence - reply.sequence > requests_behind_max) forged = true;
    gateway_sends(in_.ConsumeBool() ? reply.unit_id : last_.read.unit_id, reply.pdu);
    return wire_.size();
  }

  // After its own timeout.
  std::size_t gateway_refuses() {
    if (!gateway_waits_) return 0;
    gateway_sends(last_.read.unit_id, exception_pdu(in_.ConsumeBool() ? 10 : 11));
    return wire_.size();
  }

  void gateway_sends(std::uint8_t unit_id, const Bytes& pdu) {
    gateway_waits_ = false;
    for (SentRequest& request : requests_) {
      if (request.sequence == last_.sequence) request.open = false;
    }
    put(framed(false, last_.transaction_id, unit_id, pdu), now);
  }

  SentRequest* some_request() {
    if (requests_.empty()) return nullptr;
    // The newest one by default.
    const auto back = in_.ConsumeIntegralInRange<std::size_t>(0, requests_.size() - 1);
    return &requests_[requests_.size() - 1 - back];
  }

  // `at_once`: the whole response arrives now; otherwise later events deliver it.
  std::size_t respond(bool at_once) {
    SentRequest* request = some_request();
    if (request == nullptr) return 0;
    note_age(*request);
    const ReadRequest& read = request->read;
    Bytes frame = framed(serial, request->transaction_id, read.unit_id,
                         registers_pdu(read.unit_id, read.first, read.count, request->number));
    request->open = false;
    put(frame, request->sent_at);
    copyable_ = std::move(frame);
    copyable_at_ = now;
    requests_.erase(requests_.begin() + (request - requests_.data()));
    return at_once ? wire_.size() : 0;
  }

  void note_age(const SentRequest& request) {
    if (serial && now - request.sent_at > response_time_max) forged = true;
  }

  // `requested_at`: when the request of these bytes was sent.
  void put(const Bytes& bytes, SteadyTime requested_at) {
    if (wire_.size() + bytes.size() > wire_max) return;
    if (wire_.empty()) wire_since_ = requested_at;
    wire_since_ = std::min(wire_since_, requested_at);
    wire_.insert(wire_.end(), bytes.begin(), bytes.end());
  }

  FuzzedDataProvider& in_;
  std::vector<SentRequest> requests_;  // without a response yet, oldest first
  std::uint16_t last_id_ = 0;
  std::deque<std::uint8_t> wire_;  // sent by the peer, not arrived yet
  SteadyTime wire_since_{};        // of its oldest request
  Bytes copyable_;
  SteadyTime copyable_at_{};
  bool damaged_ = false;
  std::uint64_t request_count_ = 0;
  SentRequest last_;  // the newest request
  std::array<SentRequest, 4> recent_{};
  bool gateway_waits_ = false;  // for a response to it
  std::deque<Reply> buffer_;
  Reply last_reply_;
};

}  // namespace gensetd::fuzz
