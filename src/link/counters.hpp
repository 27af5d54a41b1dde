#pragma once

#include <cstdint>

namespace gensetd::link {

// Counts since the link exists: of one unit id, or the sum of several.
struct UnitCounters {
  std::uint64_t requests = 0;
  std::uint64_t responses = 0;
  std::uint64_t exceptions = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t broken_frames = 0;      // they begin like our response and have a wrong CRC
  std::uint64_t foreign_frames = 0;     // valid frames of another master or another client of the converter
  std::uint64_t late_responses = 0;     // responses after the timeout of their request
  std::uint64_t doubled_responses = 0;  // copies of a response
  std::uint64_t confirmations = 0;      // responses that were requested again before they were accepted
  std::uint64_t suspect_responses = 0;  // accepted responses whose read was repeated

  UnitCounters& operator+=(const UnitCounters& other);
};

// Counts of a connection, in addition to the sum of its units.
struct LineCounters {
  std::uint64_t connects = 0;
  std::uint64_t connections_lost = 0;  // closed by the peer, or by gensetd for lack of responses
  std::uint64_t garbage_bytes = 0;

  LineCounters& operator+=(const LineCounters& other);
};

}  // namespace gensetd::link
