#pragma once

#include "link/transaction.hpp"
#include "modbus/read_request.hpp"
#include "modbus/tcp_frame.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>

// What a Conversation wants its owner to do next.
namespace gensetd::link {

struct Connect {
  std::chrono::milliseconds timeout;
};
struct Send {
  std::array<std::uint8_t, modbus::tcp_request_length> bytes{};
  std::size_t length = 0;
  // Serial lines: send at once, because the order of received and sent bytes matters. Otherwise the bytes may
  // wait for those of other requests.
  bool at_once = false;
};
// Call handler->finished(outcome).
struct Report {
  TransactionHandler* handler;
  Outcome outcome;
};
// Call handler->response_suspected(request).
struct ReportSuspect {
  TransactionHandler* handler;
  modbus::ReadRequest request;
};
// The peer sends nothing, or nothing valid: close the connection. It is reopened by a later Connect.
struct Close {};
struct Wait {
  SteadyTime until;  // unless something happens earlier; SteadyTime::max(): no limit
};
using Action = std::variant<Connect, Send, Report, ReportSuspect, Close, Wait>;

}  // namespace gensetd::link
