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

// The requested range; empty if the request is no valid read.
std::optional<modbus::ReadRequest> parse_read(std::uint8_t unit_id, std::span<const std::uint8_t> request) {
  if (!modbus::is_read_function(request[0]) || request.size() != 5) return std::nullopt;
  const modbus::ReadRequest read{.unit_id = unit_id,
                                 .function = static_cast<modbus::Function>(request[0]),
                                 .first = modbus::number_at(request, 1),
                                 .count = modbus::number_at(request, 3)};
  if (read.count == 0 || read.count > modbus::count_max(read.function)) return std::nullopt;
  return read;
}

void append_bits(Bytes& pdu, const modbus::ReadRequest& read, const RegisterBank& registers) {
  pdu.resize(pdu.size() + read.byte_count());
  std::uint8_t* const bytes = pdu.data() + pdu.size() - read.byte_count();
  for (std::uint32_t index = 0; index < read.count; ++index) {
    if (registers.at({read.function, static_cast<std::uint16_t>(read.first + index)}) == 0) continue;
    bytes[index / 8] = static_cast<std::uint8_t>(bytes[index / 8] | 1U << index % 8);
  }
}

Bytes data_pdu(const modbus::ReadRequest& read, const RegisterBank& registers) {
  Bytes pdu{modbus::code_of(read.function), static_cast<std::uint8_t>(read.byte_count())};
  pdu.reserve(2U + read.byte_count());
  if (modbus::reads_bits(read.function)) {
    append_bits(pdu, read, registers);
    return pdu;
  }
  for (std::uint16_t index = 0; index < read.count; ++index) {
    const std::uint16_t value = registers.at({read.function, static_cast<std::uint16_t>(read.first + index)});
    pdu.push_back(modbus::high_byte(value));
    pdu.push_back(modbus::low_byte(value));
  }
  return pdu;
}

// Checks in the order of V1.1b3, 6.3: function, count, address. Empty: the controller does not respond.
std::optional<Bytes> response_pdu(std::uint8_t function, const std::optional<modbus::ReadRequest>& read,
                                  const RegisterBank& registers, const ReadLimits& limits) {
  if (!modbus::is_read_function(function) || registers.size(static_cast<modbus::Function>(function)) == 0)
    return exception_pdu(function, illegal_function);
  if (!read) return exception_pdu(function, illegal_data_value);
  if (read->first + read->count > registers.size(read->function))
    return exception_pdu(function, illegal_data_address);
  if (!is_beyond(limits, *read)) return data_pdu(*read, registers);
  if (limits.refuses_silently) return std::nullopt;
  return exception_pdu(function, illegal_data_address);
}

// Length of the request at the start of `received`; 0: not known yet.
std::size_t rtu_request_length(std::span<const std::uint8_t> received) {
  if (received.size() < 2) return 0;
  const std::uint8_t function = received[1];
  if (function >= 1 && function <= 6) return 8;
  if (function == 7 || function == 11 || function == 12 || function == 17) return 4;
  if (function == 15 || function == 16) return received.size() < 7 ? 0 : 9U + received[6];
  return received.size();  // the length of other functions is unknown: take all bytes as one frame
}

}  // namespace

HandledRequest respond_tcp(std::span<const std::uint8_t> received, const RegisterLookup& units,
                           const ReadLimits& limits) {
  if (received.size() < mbap_length) return {};
  const std::size_t length = modbus::number_at(received, 4);
  if (modbus::number_at(received, 2) != 0 || length < 2 || length > pdu_max + 1)
    return {.length = received.size()};
  const std::size_t frame_length = mbap_length_counts_from + length;
  if (received.size() < frame_length) return {};

  const auto request = received.subspan(mbap_length, length - 1);
  HandledRequest handled{.length = frame_length, .read = parse_read(received[6], request)};
  const RegisterBank* registers = units(received[6]);
  const std::optional<Bytes> pdu = registers != nullptr
                                       ? response_pdu(request[0], handled.read, *registers, limits)
                                       : exception_pdu(request[0], gateway_target_failed);
  if (!pdu) return handled;
  const auto counted = static_cast<std::uint16_t>(pdu->size() + 1);
  Bytes frame{received[0],
              received[1],  // transaction id
              0,
              0,  // protocol id
              modbus::high_byte(counted),
              modbus::low_byte(counted),
              received[6]};
  frame.insert(frame.end(), pdu->begin(), pdu->end());
  handled.response = std::move(frame);
  return handled;
}

HandledRequest respond_rtu(std::span<const std::uint8_t> received, const RegisterLookup& units,
                           const ReadLimits& limits) {
  const std::size_t length = rtu_request_length(received);
  if (length == 0 || received.size() < length) return {};
  if (length < 4 || modbus::crc16(received.first(length)) != 0) return {.length = received.size()};

  const auto request = received.subspan(1, length - 3);
  HandledRequest handled{.length = length, .read = parse_read(received[0], request)};
  const RegisterBank* registers = units(received[0]);
  if (registers == nullptr) return handled;
  const std::optional<Bytes> pdu = response_pdu(request[0], handled.read, *registers, limits);
  if (!pdu) return handled;
  Bytes frame{received[0]};
  frame.insert(frame.end(), pdu->begin(), pdu->end());
  handled.response = with_crc(std::move(frame));
  return handled;
}

Bytes with_crc(Bytes frame) {
  const std::uint16_t crc = modbus::crc16(frame);
  frame.push_back(modbus::low_byte(crc));
  frame.push_back(modbus::high_byte(crc));
  return frame;
}

}  // namespace gensetd::simulator
