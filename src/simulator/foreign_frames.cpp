#include "simulator/foreign_frames.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/frame.hpp"
#include "modbus/rtu_frame.hpp"
#include "modbus/tcp_frame.hpp"

#include <cstddef>

namespace gensetd::simulator {
namespace {

constexpr std::uint16_t foreign_count_max = 20;
constexpr std::size_t rtu_response_header = 3;  // unit id, function, byte count
constexpr std::size_t crc_length = 2;

template <class Frame>
Bytes bytes_of(const Frame& frame) {
  return Bytes(frame.begin(), frame.end());
}

// Number of registers in an RTU response; 0 for an exception.
std::uint16_t registers_in(const Bytes& rtu_response) {
  const std::size_t least = rtu_response_header + crc_length + 2;
  return rtu_response.size() < least ? std::uint16_t{0}
                                     : static_cast<std::uint16_t>(rtu_response[rtu_response_header - 1] / 2);
}

// Of holding registers, as foreign masters read them.
Bytes random_pdu(std::uint16_t count, Random& random) {
  Bytes pdu{modbus::code_of(modbus::Function::holding_registers), static_cast<std::uint8_t>(2 * count)};
  for (std::uint16_t index = 0; index < 2 * count; ++index)
    pdu.push_back(static_cast<std::uint8_t>(random.next()));
  return pdu;
}

ForeignExchange foreign_on_tcp(const Bytes& response, std::uint16_t count, Random& random) {
  const Bytes pdu = random_pdu(count, random);
  const auto counted = static_cast<std::uint16_t>(pdu.size() + 1);
  ForeignExchange exchange;
  exchange.response = {static_cast<std::uint8_t>(response[0] ^ 0x80),
                       response[1],  // transaction id
                       0,
                       0,  // protocol id
                       modbus::high_byte(counted),
                       modbus::low_byte(counted),
                       response[6]};
  exchange.response.insert(exchange.response.end(), pdu.begin(), pdu.end());
  return exchange;
}

}  // namespace

ForeignExchange foreign_exchange(const Bytes& response, bool rtu, Random& random) {
  auto count = static_cast<std::uint16_t>(1 + random.next() % foreign_count_max);
  const bool is_other_unit = random.chance(0.5);
  if (!rtu) return foreign_on_tcp(response, count, random);
  const std::uint16_t ours = registers_in(response);
  std::uint8_t unit_id = response[0];
  if (is_other_unit) {
    unit_id = static_cast<std::uint8_t>(unit_id % modbus::rtu_unit_max + 1);
    if (ours != 0) count = ours;
  } else if (count == ours) {
    ++count;
  }
  const modbus::ReadRequest requested{.unit_id = unit_id,
                                      .function = modbus::Function::holding_registers,
                                      .first = static_cast<std::uint16_t>(random.next() % 256),
                                      .count = count};
  ForeignExchange exchange{.request = bytes_of(modbus::encode_rtu(requested))};
  exchange.response = {unit_id};
  const Bytes pdu = random_pdu(count, random);
  exchange.response.insert(exchange.response.end(), pdu.begin(), pdu.end());
  exchange.response = with_crc(std::move(exchange.response));
  return exchange;
}

ForeignExchange lookalike_exchange(const Bytes& response, const modbus::ReadRequest& ours,
                                   const RegisterBank& registers, bool rtu, Random& random) {
  modbus::ReadRequest requested = ours;
  const auto places = static_cast<std::uint16_t>(RegisterBank::size_min - ours.count);
  requested.first = static_cast<std::uint16_t>(random.next() % places);
  if (requested.first == ours.first) ++requested.first;
  const RegisterLookup units = [&](std::uint8_t) { return &registers; };
  ForeignExchange exchange;
  if (rtu) {
    exchange.request = bytes_of(modbus::encode_rtu(requested));
    exchange.response = *respond_rtu(exchange.request, units).response;
  } else {
    const auto other_id = static_cast<std::uint16_t>(modbus::number_at(response, 0) ^ 0x8000);
    exchange.response = *respond_tcp(modbus::encode_tcp(requested, other_id), units).response;
  }
  return exchange;
}

}  // namespace gensetd::simulator
