#pragma once

#include "link/conversation.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace gensetd::app {

// One line for the technician when frames of somebody else were heard on a serial line; empty otherwise.
inline std::string others_on_line(const link::Conversation& line) {
  if (!line.shared(std::chrono::steady_clock::now())) return {};
  const modbus::RtuFrame& frame = line.last_foreign();
  return fmt::format(
      "somebody else is on the line: a frame of unit {} (function {}) came that was not asked for here; look "
      "for another master, or another client of the converter",
      frame.unit_id, frame.function);
}

}  // namespace gensetd::app
