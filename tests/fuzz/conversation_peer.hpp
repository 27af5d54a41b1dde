#pragma once

#include "check.hpp"
#include "link/conversation.hpp"
#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

// The controllers behind the connection of a fuzzed conversation.
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
  bool open = true;  // the conversation may still wait for its response
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

}  // namespace gensetd::fuzz
