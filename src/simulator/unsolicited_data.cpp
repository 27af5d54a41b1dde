#include "simulator/unsolicited_data.hpp"

#include "modbus/big_endian.hpp"
#include "modbus/frame.hpp"

namespace gensetd::simulator {
namespace {

constexpr std::uint64_t id_distance_max = 3;
constexpr std::uint64_t stray_bytes_max = 8;

Bytes response_pdu(const modbus::ReadRequest& read, Random& random) {
  const std::uint8_t function = modbus::code_of(read.function);
  if (random.chance(0.25)) return {static_cast<std::uint8_t>(function | modbus::exception_bit), device_busy};
  Bytes pdu{function, static_cast<std::uint8_t>(read.byte_count())};
  for (std::size_t byte = 0; byte < read.byte_count(); ++byte)
    pdu.push_back(static_cast<std::uint8_t>(random.next()));
  return pdu;
}

std::uint16_t stray_id(std::uint16_t last, UnsolicitedIds ids, Random& random) {
  const auto distance = static_cast<std::uint16_t>(1 + random.next() % id_distance_max);
  const std::uint64_t any = random.next() % 3;
  if (ids == UnsolicitedIds::any)
    ids = any == 0 ? UnsolicitedIds::before : any == 1 ? UnsolicitedIds::at : UnsolicitedIds::after;
  if (ids == UnsolicitedIds::before) return static_cast<std::uint16_t>(last - distance);
  return ids == UnsolicitedIds::at ? last : static_cast<std::uint16_t>(last + distance);
}

}  // namespace

Bytes unsolicited_data(const LastRequest& last, bool rtu, UnsolicitedIds ids, Random& random) {
  const std::uint16_t id = stray_id(last.transaction_id, ids, random);
  const Bytes pdu = response_pdu(last.read, random);
  if (rtu && random.chance(0.5))
    return Bytes(1 + random.next() % stray_bytes_max, random.chance(0.5) ? 0x00 : 0xFF);
  Bytes frame;
  if (!rtu) {
    const auto length = static_cast<std::uint16_t>(pdu.size() + 1);
    frame = {modbus::high_byte(id),     modbus::low_byte(id),    0, 0,
             modbus::high_byte(length), modbus::low_byte(length)};
  }
  frame.push_back(last.read.unit_id);
  frame.insert(frame.end(), pdu.begin(), pdu.end());
  return rtu ? with_crc(std::move(frame)) : frame;
}

Bytes with_response_id(Bytes frame, ResponseIds ids) {
  if (frame.size() < 2 || ids == ResponseIds::same) return frame;
  std::uint16_t id = 1;
  if (ids == ResponseIds::ahead) id = static_cast<std::uint16_t>(modbus::number_at(frame, 0) + 1);
  frame[0] = modbus::high_byte(id);
  frame[1] = modbus::low_byte(id);
  return frame;
}

}  // namespace gensetd::simulator
