#pragma once

#include "modbus/read_request.hpp"
#include "simulator/options.hpp"
#include "simulator/random.hpp"
#include "simulator/responder.hpp"

#include <cstdint>

// Bytes that no client requested, and transaction ids that are not those of the request.
namespace gensetd::simulator {

// What a connection was last asked for.
struct LastRequest {
  modbus::ReadRequest read;
  std::uint16_t transaction_id = 0;  // Modbus TCP
};

// On Modbus TCP a good frame with a transaction id before, at or after the last one; on RTU a good frame or
// some bytes that are none.
Bytes stray_bytes(const LastRequest& last, bool rtu, StrayIds ids, Random& random);

// A Modbus TCP frame with the transaction id that such a device puts there.
Bytes with_echoed_id(Bytes frame, EchoedIds ids);

}  // namespace gensetd::simulator
