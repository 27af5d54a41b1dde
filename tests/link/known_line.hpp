#pragma once

#include "script.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace gensetd::link {

// Allow counts 3 to 7 for 55+3, and 10 to 14 for reads of ten registers.
inline constexpr ExtensionRange threes{.first = 50, .end = 90, .limit = 7};
inline constexpr ExtensionRange tens{.first = 50, .end = 130, .limit = 14};

// A line on which unit 1 has responded to 55+3, so that a response that continues its values is accepted at
// once.
class KnownLine : public testing::Test {
 protected:
  KnownLine() {
    submit_read();
    EXPECT_EQ(script.report_after(400), "report a 400 401 402");
    script.later(std::chrono::seconds{70});  // all counts are rested
    EXPECT_EQ(script.next(), "wait");
  }

  void submit_read() {
    script.submit("a",
                  {.unit_id = 1, .function = modbus::Function::holding_registers, .first = 55, .count = 3},
                  threes);
  }

  const UnitCounters& unit() { return script.conversation.units().at(1); }

  Script script;
};

}  // namespace gensetd::link
