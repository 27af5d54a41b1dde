#pragma once

#include "modbus/read_request.hpp"
#include "simulator/options.hpp"
#include "simulator/random.hpp"
#include "simulator/responder.hpp"

#include <cstdint>

// Unsolicited bytes, and transaction ids that differ from those of the request.
namespace gensetd::simulator {

// The last request of a connection.
struct LastRequest {
  modbus::ReadRequest read;
  std::uint16_t transaction_id = 0;  // Modbus TCP
};

// On Modbus TCP a valid frame with a transaction id before, equal to or after the last one; on RTU a valid
// frame or stray bytes.
Bytes unsolicited_data(const LastRequest& last, bool rtu, UnsolicitedIds ids, Random& random);

// `frame`, a Modbus TCP frame, with the transaction id that such a device sends.
Bytes with_response_id(Bytes frame, ResponseIds ids);

}  // namespace gensetd::simulator
