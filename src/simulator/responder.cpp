#include "simulator/responder.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"
#include "modbus/frame.hpp"
#include "modbus/read_request.hpp"

namespace gensetd::simulator {
namespace {

constexpr std::size_t mbap_length = 7;
constexpr std::size_t mbap_length_counts_from = 6;  // its length counts the bytes from the unit id on
constexpr std::size_t pdu_max = 253;                // V1.1b3, 4.1

Bytes exception_pdu(std::uint8_t function, std::uint8_t code) {
  return {static_cast<std::uint8_t>(function | modbus::exception_bit), code};
}

// V1.1b3, 6.3: the checks in its order, function, count, address.
Bytes answer_pdu(std::span<const std::uint8_t> request, const RegisterBank& registers) {
  const std::uint8_t function = request[0];
  if (function != modbus::read_holding_registers) return exception_pdu(function, illegal_function);
  if (request.size() != 5) return exception_pdu(function, illegal_data_value);
  const std::uint16_t first = modbus::number_at(request, 1);
  const std::uint16_t count = modbus::number_at(request, 3);
  if (count == 0 || count > modbus::registers_per_request_max)
    return exception_pdu(function, illegal_data_value);
  if (first + count > RegisterBank::size) return exception_pdu(function, illegal_data_address);

  Bytes pdu{function, static_cast<std::uint8_t>(2 * count)};
  pdu.reserve(2U + 2U * count);
  for (std::uint16_t index = 0; index < count; ++index) {
    const std::uint16_t value = registers.at(static_cast<std::uint16_t>(first + index));
    pdu.push_back(modbus::high_byte(value));
    pdu.push_back(modbus::low_byte(value));
  }
  return pdu;
}

// How long the request at the beginning of `received` is; 0 when that cannot be told yet.
std::size_t rtu_request_length(std::span<const std::uint8_t> received) {
  if (received.size() < 2) return 0;
  const std::uint8_t function = received[1];
  if (function >= 1 && function <= 6) return 8;
  if (function == 7 || function == 11 || function == 12 || function == 17) return 4;
  if (function == 15 || function == 16) return received.size() < 7 ? 0 : 9U + received[6];
  return received.size();  // of other functions a frame ends where the bytes end
}

}  // namespace

Response respond_tcp(std::span<const std::uint8_t> received, const Units& units) {
  if (received.size() < mbap_length) return {};
  const std::size_t length = modbus::number_at(received, 4);
  if (modbus::number_at(received, 2) != 0 || length < 2 || length > pdu_max + 1) return {received.size(), {}};
  const std::size_t frame_length = mbap_length_counts_from + length;
  if (received.size() < frame_length) return {};

  const auto request = received.subspan(mbap_length, length - 1);
  const RegisterBank* registers = units(received[6]);
  const Bytes pdu = registers != nullptr ? answer_pdu(request, *registers)
                                         : exception_pdu(request[0], gateway_target_failed);
  const auto counted = static_cast<std::uint16_t>(pdu.size() + 1);
  Bytes frame{received[0],
              received[1],  // transaction id
              0,
              0,  // protocol id
              modbus::high_byte(counted),
              modbus::low_byte(counted),
              received[6]};
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  return {frame_length, std::move(frame)};
}

Response respond_rtu(std::span<const std::uint8_t> received, const Units& units) {
  const std::size_t length = rtu_request_length(received);
  if (length == 0 || received.size() < length) return {};
  if (length < 4 || modbus::crc16(received.first(length)) != 0) return {received.size(), {}};

  const RegisterBank* registers = units(received[0]);
  if (registers == nullptr) return {length, {}};
  const Bytes pdu = answer_pdu(received.subspan(1, length - 3), *registers);
  Bytes frame{received[0]};
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  return {length, with_crc(std::move(frame))};
}

Bytes with_crc(Bytes frame) {
  const std::uint16_t crc = modbus::crc16(frame);
  frame.push_back(modbus::low_byte(crc));
  frame.push_back(modbus::high_byte(crc));
  return frame;
}

}  // namespace gensetd::simulator
