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

// What a register holds: its unit, its address, and the number of the request that read it. The high byte is
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

struct Question {
  ReadRequest read;
  std::uint16_t transaction_id = 0;
  std::uint64_t number = 0;
  SteadyTime sent_at{};
  SteadyTime deadline{};
  bool open = true;           // the conversation may still wait for its response
  std::uint64_t request = 0;  // counts the requests
};

inline Question question_of(const link::Send& send) {
  const std::span<const std::uint8_t> bytes(send.bytes);
  const bool is_serial = send.length == modbus::rtu_request_length;
  const std::size_t unit_at = is_serial ? 0 : 6;
  check(is_serial || send.length == modbus::tcp_request_length);
  check(!is_serial || modbus::crc16(bytes.first(send.length)) == 0);
  check(bytes[unit_at + 1] == modbus::read_holding_registers);
  Question question{.read = {.unit_id = bytes[unit_at],
                             .first = modbus::number_at(bytes, unit_at + 2),
                             .count = modbus::number_at(bytes, unit_at + 4)}};
  if (!is_serial) question.transaction_id = modbus::number_at(bytes, 0);
  check(question.read.count >= 1 && question.read.count <= modbus::registers_per_request_max);
  check(question.read.first + question.read.count <= 65'536);
  return question;
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
  Bytes pdu{modbus::read_holding_registers, static_cast<std::uint8_t>(2 * count)};
  for (unsigned index = 0; index < count; ++index) {
    const std::uint16_t value = register_value(unit_id, first + index, number);
    pdu.push_back(modbus::high_byte(value));
    pdu.push_back(modbus::low_byte(value));
  }
  return pdu;
}

inline Bytes exception_pdu(std::uint8_t code) {
  return {modbus::read_holding_registers | modbus::exception_bit, code};
}

inline constexpr std::size_t questions_max = 32;
inline constexpr std::size_t wire_max = 2'048;

// What an honest line does not do (docs/design/serial-line.md): later responses and copies are forged.
inline constexpr std::chrono::milliseconds response_time_max{9'900};
inline constexpr std::chrono::milliseconds copy_time_max{400};

// The same for a gateway with several units (ARCHITECTURE.md): how many requests it is behind.
inline constexpr std::uint64_t requests_behind_max = 7;

// What the controllers do, as the input decides. All that puts bytes on the wire returns how many of those
// that are on it arrive now. They respond honestly until `forged` is set: then nothing tells their bytes from
// those of others any more.
class Peer {
 public:
  explicit Peer(FuzzedDataProvider& in) : in_(in) {}

  // Set before each act.
  SteadyTime now{};
  std::uint64_t number = 0;
  bool connected = false;
  bool serial = false;
  bool forged = false;

  // A gateway from Modbus TCP to a serial line with all units behind it. Its receive buffer contains real
  // responses, in their order. It takes the oldest one for the response to its newest request, and puts that
  // request's transaction id on it. So after a late or doubled response it is behind.
  bool gateway = false;
  bool forgets_when_closed = false;  // its buffer belongs to the connection

  void ask(Question question) {
    question.request = ++requests_;
    if (questions_.size() == questions_max) questions_.erase(questions_.begin());
    questions_.push_back(question);
    last_id_ = question.transaction_id;
    last_ = question;
    recent_[requests_ % recent_.size()] = question;
    gateway_waits_ = true;
  }

  // Requests that the conversation certainly still waits for.
  std::size_t open_questions(SteadyTime time) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        questions_, [&](const Question& question) { return question.open && question.deadline > time; }));
  }
  void nothing_is_certain() {
    for (Question& question : questions_) question.open = false;
  }
  // A transaction with this unit has ended; which request it was cannot be seen.
  void ended(std::uint8_t unit_id) {
    for (Question& question : questions_) {
      if (question.read.unit_id == unit_id) question.open = false;
    }
  }

  void connection_ended() {
    nothing_is_certain();
    // A converter sends what it still holds to the next connection.
    if (serial) return;
    gateway_waits_ = false;
    if (forgets_when_closed) buffer_.clear();
    // What stands behind a gateway knows of no connections.
    if (!gateway) questions_.clear();
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
    controller_answers(some_question());
    return 0;
  }

  std::size_t refuse() {
    if (gateway && in_.ConsumeBool()) return gateway_refuses();
    const Question* question = some_question();
    if (question == nullptr) return 0;
    note_age(*question);
    const std::uint8_t code = in_.PickValueInArray<std::uint8_t>({1, 2, 3, 4, 5, 6, 10, 11, 0, 255});
    if (gateway) {
      controller_answers(question, exception_pdu(code));
      return gateway_takes();
    }
    put(framed(serial, question->transaction_id, question->read.unit_id, exception_pdu(code)),
        question->sent_at);
    questions_.erase(questions_.begin() + (question - questions_.data()));
    return wire_.size();
  }

  std::size_t copy_last() {
    if (gateway) return double_last();
    if (copyable_.empty()) return 0;
    if (serial && now - copyable_at_ > copy_time_max) return 0;
    put(copyable_, now);
    return wire_.size();
  }

  // One bit, which every CRC finds. A gateway discards what it has received.
  std::size_t damage() {
    buffer_.clear();
    if (!serial || wire_.empty() || damaged_) return 0;
    damaged_ = true;
    wire_[in_.ConsumeIntegralInRange<std::size_t>(0, wire_.size() - 1)] ^=
        static_cast<std::uint8_t>(1U << in_.ConsumeIntegralInRange(0, 7));
    // The conversation may end its request without notifying anybody.
    nothing_is_certain();
    return 0;
  }

  // A good Modbus TCP frame that answers no request of this connection, or one of another unit or length.
  std::size_t stray_frame() {
    if (!wire_.empty() || !connected) return 0;
    const auto id = static_cast<std::uint16_t>(last_id_ + in_.ConsumeIntegralInRange(-3, 3));
    const auto unit_id = in_.ConsumeIntegralInRange<std::uint8_t>(0, 4);
    const auto count = in_.PickValueInArray<std::uint16_t>({1, 2, 3, 4, 10, 36, 120});
    const bool is_exception = in_.ConsumeBool();
    const auto fits = [&](const Question& question) {
      return question.transaction_id == id && question.read.unit_id == unit_id &&
             (is_exception || question.read.count == count);
    };
    // Also one that was answered: stray bytes may have hidden its response.
    const bool could_be_ours = std::ranges::any_of(recent_, fits);
    if (could_be_ours && !is_exception) return 0;
    nothing_is_certain();
    put(framed(false, id, unit_id, is_exception ? exception_pdu(4) : registers_pdu(0, 0, count, 0)), now);
    return wire_.size();
  }

  // A good RTU frame of another master or client: a request, or a response that differs from ours.
  std::size_t foreign_frame() {
    if (!wire_.empty() || !connected) return 0;
    const auto unit_id = in_.ConsumeIntegralInRange<std::uint8_t>(1, 4);
    const auto count = in_.ConsumeIntegralInRange<std::uint16_t>(1, 40);
    nothing_is_certain();
    if (in_.ConsumeBool()) {
      const auto request = modbus::encode_rtu({.unit_id = unit_id, .first = 5, .count = count});
      put(Bytes(request.begin(), request.end()), now);
      return wire_.size();
    }
    const auto fits = [&](const Question& question) {
      return question.read.unit_id == unit_id && question.read.count == count;
    };
    // Also one that was answered: its response may have been dropped as a late one, so that it is still
    // pending.
    const bool could_be_ours = std::ranges::any_of(questions_, fits) || std::ranges::any_of(recent_, fits);
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

  // From here on no values are expected to be right: nothing tells such bytes from a controller's.
  std::size_t forge() {
    const Question* question = some_question();
    ReadRequest read = question == nullptr ? ReadRequest{} : question->read;
    auto id = question == nullptr ? last_id_ : question->transaction_id;
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
    std::uint64_t request = 0;
    std::uint8_t unit_id = 0;
    SteadyTime requested_at{};
    Bytes pdu;
  };

  // A controller answers a request; with registers unless something else is given.
  void controller_answers(const Question* question, Bytes pdu = {}) {
    if (question == nullptr) return;
    const ReadRequest& read = question->read;
    if (pdu.empty()) pdu = registers_pdu(read.unit_id, read.first, read.count, question->number);
    last_reply_ = {.request = question->request,
                   .unit_id = read.unit_id,
                   .requested_at = question->sent_at,
                   .pdu = std::move(pdu)};
    questions_.erase(questions_.begin() + (question - questions_.data()));
    receive(last_reply_);
  }

  std::size_t double_last() {
    if (last_reply_.request != 0) receive(last_reply_);
    return 0;
  }

  void receive(const Reply& reply) {
    if (now - reply.requested_at > response_time_max) forged = true;
    buffer_.push_back(reply);
    if (buffer_.size() > requests_behind_max) buffer_.pop_front();
  }

  std::size_t gateway_acts() {
    if (in_.ConsumeBool()) controller_answers(some_question());
    return gateway_takes();
  }

  std::size_t gateway_takes() {
    if (!gateway_waits_ || buffer_.empty()) return 0;
    const Reply reply = std::move(buffer_.front());
    buffer_.pop_front();
    if (last_.request - reply.request > requests_behind_max) forged = true;
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
    for (Question& question : questions_) {
      if (question.request == last_.request) question.open = false;
    }
    put(framed(false, last_.transaction_id, unit_id, pdu), now);
  }

  Question* some_question() {
    if (questions_.empty()) return nullptr;
    // The newest one by default.
    const auto back = in_.ConsumeIntegralInRange<std::size_t>(0, questions_.size() - 1);
    return &questions_[questions_.size() - 1 - back];
  }

  // `at_once`: the whole response arrives now; else as later events pass it on.
  std::size_t respond(bool at_once) {
    Question* question = some_question();
    if (question == nullptr) return 0;
    note_age(*question);
    const ReadRequest& read = question->read;
    Bytes frame = framed(serial, question->transaction_id, read.unit_id,
                         registers_pdu(read.unit_id, read.first, read.count, question->number));
    question->open = false;
    put(frame, question->sent_at);
    copyable_ = std::move(frame);
    copyable_at_ = now;
    questions_.erase(questions_.begin() + (question - questions_.data()));
    return at_once ? wire_.size() : 0;
  }

  void note_age(const Question& question) {
    if (serial && now - question.sent_at > response_time_max) forged = true;
  }

  // `requested_at`: when the request was sent that the bytes answer.
  void put(const Bytes& bytes, SteadyTime requested_at) {
    if (wire_.size() + bytes.size() > wire_max) return;
    if (wire_.empty()) wire_since_ = requested_at;
    wire_since_ = std::min(wire_since_, requested_at);
    wire_.insert(wire_.end(), bytes.begin(), bytes.end());
  }

  FuzzedDataProvider& in_;
  std::vector<Question> questions_;  // not answered yet, in the order of their requests
  std::uint16_t last_id_ = 0;
  std::deque<std::uint8_t> wire_;  // sent by the peer, not arrived yet
  SteadyTime wire_since_{};        // of its oldest request
  Bytes copyable_;
  SteadyTime copyable_at_{};
  bool damaged_ = false;
  std::uint64_t requests_ = 0;
  Question last_;  // the newest request
  std::array<Question, 4> recent_{};
  bool gateway_waits_ = false;  // for a response to it
  std::deque<Reply> buffer_;
  Reply last_reply_;
};

}  // namespace gensetd::fuzz
