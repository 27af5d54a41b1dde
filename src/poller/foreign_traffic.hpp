#pragma once

#include "link/conversation.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace gensetd::poller {

// One line for people when foreign frames were received on a serial line; empty otherwise.
inline std::string foreign_traffic_warning(const link::Conversation& line) {
  if (!line.shared(std::chrono::steady_clock::now())) return {};
  const modbus::RtuFrame& frame = line.last_foreign();
  return fmt::format(
      "another master or client uses the line: a frame of unit {} (function {}) was received that was not "
      "requested here; look for another master, or another client of the converter",
      frame.unit_id, frame.function);
}

}  // namespace gensetd::poller
