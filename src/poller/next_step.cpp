#include "poller/next_step.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"

namespace gensetd::poller {
namespace {

// Exception codes of the Modbus application protocol V1.1b3, 7.
NextStep after_exception(std::uint8_t code) {
  switch (code) {
    case 0x05:  // acknowledge: it is still at work
    case 0x06:  // server device busy
      return NextStep::ask_again;
    case 0x0A:  // gateway path unavailable
    case 0x0B:  // gateway target device failed to respond: the gateway's way to say 'no answer'
      return NextStep::ask_differently;
    default:
      return NextStep::refuse;
  }
}

}  // namespace

NextStep next_step(const link::Outcome& outcome) {
  const auto& error = outcome.error;
  if (!error) return NextStep::take;
  if (error == modbus::Error::exception_answer) return after_exception(outcome.exception);
  // The connection is opened anew for the second attempt.
  if (error == link::Error::connection_lost || error == link::Error::connect_failed)
    return NextStep::ask_again;
  // The connection is reopened, or a gateway is back in step.
  if (error == modbus::Error::wrong_transaction) return NextStep::ask_again;
  // These controllers may stay silent, or break off, where others would raise an exception.
  if (error == link::Error::no_answer || error == modbus::Error::broken_answer ||
      error == modbus::Error::foreign_answer || error == modbus::Error::wrong_length) {
    return NextStep::ask_differently;
  }
  return NextStep::give_up;
}

}  // namespace gensetd::poller
