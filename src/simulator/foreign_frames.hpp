#pragma once

#include "modbus/read_request.hpp"
#include "simulator/random.hpp"
#include "simulator/register_bank.hpp"
#include "simulator/responder.hpp"

#include <cstdint>

// Good frames that somebody else asked for, as they are heard beside our answer.
namespace gensetd::simulator {

struct ForeignExchange {
  Bytes request;  // empty on Modbus TCP, where nobody hears it
  Bytes answer;
};

// One that a client can tell from `answer`, ours: on RTU the answer of another unit with our length, or of
// our unit with another length; on Modbus TCP one with another transaction id.
ForeignExchange foreign_exchange(const Bytes& answer, bool rtu, Random& random);

// The answer of our unit with our byte count to somebody who asked for other registers. On Modbus TCP it has
// another transaction id, as an answer to somebody else must.
ForeignExchange lookalike_exchange(const Bytes& answer, const modbus::ReadRequest& ours,
                                   const RegisterBank& registers, bool rtu, Random& random);

}  // namespace gensetd::simulator
