#pragma once

#include "link/transaction.hpp"

#include <cstdint>
#include <string_view>

namespace gensetd::daemon {

// Names of the counters of a unit id and of their sums per link, in /metrics and diagnostics.
struct UnitCounter {
  std::string_view name;
  std::uint64_t link::UnitCounters::* value;
  std::string_view help;
};

inline constexpr UnitCounter unit_counters[] = {
    {"requests", &link::UnitCounters::requests, "Requests sent."},
    {"answers", &link::UnitCounters::responses, "Responses with registers."},
    {"exceptions", &link::UnitCounters::exceptions, "Modbus exceptions."},
    {"timeouts", &link::UnitCounters::timeouts, "Requests without a response within the timeout."},
    {"broken_frames", &link::UnitCounters::broken_frames, "Responses with a wrong CRC."},
    {"foreign_frames", &link::UnitCounters::foreign_frames,
     "Valid frames that were not requested here: of another master, or another client of the converter."},
    {"late_answers", &link::UnitCounters::late_responses, "Responses that arrived after their timeout."},
    {"doubled_answers", &link::UnitCounters::doubled_responses, "Copies of a response."},
    {"confirmations", &link::UnitCounters::confirmations,
     "Requests repeated to confirm a response that differed much or was an exception."},
    {"doubts", &link::UnitCounters::suspect_responses,
     "Accepted responses that were requested again because another one arrived."},
};

}  // namespace gensetd::daemon
