#pragma once

#include <cstdint>

namespace gensetd::link {

// What was seen since the link exists: of one unit id, or of the whole line.
struct Counters {
  std::uint64_t requests = 0;
  std::uint64_t answers = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t broken_frames = 0;    // our answer by its head, with a wrong CRC
  std::uint64_t foreign_frames = 0;   // good frames of another master, or of another client of the converter
  std::uint64_t late_answers = 0;     // to requests that were given up
  std::uint64_t doubled_answers = 0;  // copies of an answer
  std::uint64_t confirmations = 0;    // answers asked for again before they were believed
  std::uint64_t doubts = 0;           // answers that were told and then asked for again

  Counters& operator+=(const Counters& other);
};

// Beside the sum of its units'.
struct LineCounters {
  std::uint64_t connects = 0;
  std::uint64_t connections_lost = 0;  // by the peer, or given up because it stayed silent
  std::uint64_t garbage_bytes = 0;

  LineCounters& operator+=(const LineCounters& other);
};

}  // namespace gensetd::link
