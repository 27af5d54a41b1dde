#pragma once

#include "modbus/read_request.hpp"
#include "simulator/random.hpp"
#include "simulator/register_bank.hpp"
#include "simulator/responder.hpp"

#include <cstdint>

// Valid frames of another master's exchange, which arrive together with our response.
namespace gensetd::simulator {

struct ForeignExchange {
  Bytes request;  // empty on Modbus TCP, where other clients do not receive it
  Bytes response;
};

// An exchange that a client can distinguish from `response`, ours: on RTU another unit id with our length, or
// our unit id with another length; on Modbus TCP another transaction id.
ForeignExchange foreign_exchange(const Bytes& response, bool rtu, Random& random);

// An exchange with our unit id and byte count, but other registers. On Modbus TCP it has another transaction
// id, as a response to another client must.
ForeignExchange lookalike_exchange(const Bytes& response, const modbus::ReadRequest& ours,
                                   const RegisterBank& registers, bool rtu, Random& random);

}  // namespace gensetd::simulator
