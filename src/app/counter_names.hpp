#pragma once

#include "link/transaction.hpp"

#include <cstdint>
#include <string_view>

namespace gensetd::app {

// How the counters of a unit id, and their sums over a link, are called everywhere.
struct UnitCounter {
  std::string_view name;
  std::uint64_t link::Counters::* value;
  std::string_view help;
};

inline constexpr UnitCounter unit_counters[] = {
    {"requests", &link::Counters::requests, "Requests sent."},
    {"answers", &link::Counters::answers, "Answers with registers."},
    {"exceptions", &link::Counters::exceptions, "Answers that refused, Modbus exceptions."},
    {"timeouts", &link::Counters::timeouts, "Requests not answered within the time allowed."},
    {"broken_frames", &link::Counters::broken_frames, "Answers with a wrong CRC."},
    {"foreign_frames", &link::Counters::foreign_frames,
     "Good frames that were not asked for: another master, or another client of the converter."},
    {"late_answers", &link::Counters::late_answers, "Answers that came after their request was given up."},
    {"doubled_answers", &link::Counters::doubled_answers, "Copies of an answer."},
    {"confirmations", &link::Counters::confirmations,
     "Answers asked for again before they were believed: much in them had changed, or they refused."},
    {"doubts", &link::Counters::doubts, "Answers taken, and asked for again as another one came."},
};

}  // namespace gensetd::app
