#include "link/counters.hpp"

namespace gensetd::link {

UnitCounters& UnitCounters::operator+=(const UnitCounters& other) {
  requests += other.requests;
  responses += other.responses;
  exceptions += other.exceptions;
  timeouts += other.timeouts;
  broken_frames += other.broken_frames;
  foreign_frames += other.foreign_frames;
  late_responses += other.late_responses;
  doubled_responses += other.doubled_responses;
  confirmations += other.confirmations;
  suspect_responses += other.suspect_responses;
  return *this;
}

LineCounters& LineCounters::operator+=(const LineCounters& other) {
  connects += other.connects;
  connections_lost += other.connections_lost;
  garbage_bytes += other.garbage_bytes;
  return *this;
}

}  // namespace gensetd::link
